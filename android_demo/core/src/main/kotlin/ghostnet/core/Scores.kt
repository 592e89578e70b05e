package ghostnet.core

import kotlin.math.exp

/** One class that a photo may show. */
data class Answer(
    val index: Int, // of the network's outputs
    val name: String,
    val probability: Double,
)

/** (classes,) of any size -> (classes,) that add up to 1. */
fun softmax(logits: FloatArray): DoubleArray {
    val most = logits.max()
    val powers = DoubleArray(logits.size) { exp(logits[it].toDouble() - most) }
    val sum = powers.sum()
    return DoubleArray(powers.size) { powers[it] / sum }
}

/** The best [count] classes, best first; of equal ones the one that the network lists first. */
fun topAnswers(
    logits: FloatArray,
    labels: List<String>,
    count: Int,
): List<Answer> {
    require(logits.size == labels.size) { "${labels.size} labels for ${logits.size} classes" }
    val shares = softmax(logits)
    return logits.indices
        .sortedByDescending { logits[it] }
        .take(count)
        .map { Answer(it, labels[it], shares[it]) }
}
