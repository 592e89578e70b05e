package ghostnet.core

/** One line of answers as it is shown, and as a screen reader says it. */
data class AnswerLine(
    val name: String,
    val percent: Int,
)

/** Below this probability the best answer is wrong more often than right (`web_demo/README.md`). */
const val SURE_FROM = 0.4

fun isSure(answers: List<Answer>): Boolean = answers.isNotEmpty() && answers[0].probability >= SURE_FROM

/**
 * Rows of answers, best first. A row is told only when what it says changes, so that a screen reader
 * which stands on one is not thrown off it at each frame.
 */
class AnswerBoard(
    private val count: Int,
    private val put: (row: Int, line: AnswerLine?) -> Unit,
) {
    private val shown = arrayOfNulls<AnswerLine>(count)

    fun show(answers: List<Answer>) {
        for (row in 0 until count) {
            val answer = answers.getOrNull(row)
            val line = answer?.let { AnswerLine(it.name, Math.round(100 * it.probability).toInt()) }
            if (line == shown[row]) continue
            shown[row] = line
            put(row, line)
        }
    }

    fun clear() = show(emptyList())
}
