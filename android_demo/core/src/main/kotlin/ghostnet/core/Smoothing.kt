package ghostnet.core

/** From which answers on a word is announced, and how often: what a record may say. */
class SmoothingRules(
    val seconds: Double = 0.5, // for which answers are kept
    val score: Double = 0.6, // of a mean, below which nothing is announced
    val rest: Double = 1.0, // seconds between two words, at least
)

/**
 * Answers to overlapping seconds of sound become words that are each said once:
 * `ghostnet_tf/tasks/keywords/smoothing.py` once more, bit for bit.
 */
class Smoothing(
    private val labels: List<String>,
    private val rules: SmoothingRules = SmoothingRules(),
) {
    /** Of every class, after the last answer. */
    var means = DoubleArray(labels.size)
        private set
    private val answers = ArrayDeque<Pair<Double, DoubleArray>>() // seconds, probabilities
    private var last = Double.NEGATIVE_INFINITY // when a word was announced
    private var stays: Int? = null // that word, as long as it is heard without a break

    /** The class that is announced at [t] seconds, or null. */
    fun heard(
        probabilities: DoubleArray,
        t: Double,
    ): Int? {
        if (probabilities.none { it.isNaN() }) answers.addLast(Pair(t, probabilities))
        while (answers.isNotEmpty() && answers.first().first <= t - rules.seconds) answers.removeFirst()
        means = DoubleArray(labels.size)
        if (answers.isEmpty()) return null
        for ((_, answer) in answers) {
            for (i in means.indices) means[i] += answer[i]
        }
        for (i in means.indices) means[i] /= answers.size.toDouble()
        val top = means.indices.maxBy { means[it] } // the first of equal ones
        val isWord = means[top] >= rules.score && labels[top] !in NO_WORDS
        if (!isWord || top != stays) stays = null
        if (!isWord || top == stays || t - last < rules.rest) return null
        last = t
        stays = top
        return top
    }
}

private val NO_WORDS = listOf("silence", "unknown", "_silence_", "_unknown_") // labels of what is none
