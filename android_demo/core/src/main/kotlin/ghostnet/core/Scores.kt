package ghostnet.core

import kotlin.math.exp

/** What the outputs of a network are; `export/scores.py` has the same arithmetic. */
enum class Scores {
    LOGITS,
    SOFTMAX, // probabilities that add up to 1
    SIGMOID, // a probability for each class
}

/** One class that a photo may show. */
data class Answer(
    val index: Int, // of the labels
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

/**
 * The best [count] classes, best first; of equal ones the one that the network lists first. One
 * output may stand for two classes: then it is of the second.
 */
fun topAnswers(
    outputs: FloatArray,
    labels: List<String>,
    scores: Scores,
    count: Int,
): List<Answer> {
    val row = byClass(outputs, labels.size, scores)
    require(row.size == labels.size) { "${labels.size} labels for ${outputs.size} classes" }
    val shares = shares(row, scores)
    return row.indices
        .sortedByDescending { row[it] }
        .take(count)
        .map { Answer(it, labels[it], shares[it]) }
}

/** How likely each of so many labels is, in float64. */
fun probabilities(
    outputs: FloatArray,
    labels: Int,
    scores: Scores,
): DoubleArray = shares(byClass(outputs, labels, scores), scores)

private fun byClass(
    outputs: FloatArray,
    labels: Int,
    scores: Scores,
): FloatArray {
    if (outputs.size != 1 || labels != 2) return outputs
    return floatArrayOf(if (scores == Scores.LOGITS) 0f else 1 - outputs[0], outputs[0])
}

private fun shares(
    row: FloatArray,
    scores: Scores,
): DoubleArray =
    when {
        scores != Scores.LOGITS -> DoubleArray(row.size) { row[it].toDouble() }
        row.size == 1 -> softmax(floatArrayOf(row[0], 0f)).copyOf(1)
        else -> softmax(row)
    }
