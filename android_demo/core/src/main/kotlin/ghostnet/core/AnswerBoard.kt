package ghostnet.core

/** One line of answers as it is shown, and as a screen reader says it. */
data class AnswerLine(
    val name: String,
    val percent: Int,
    val count: Int = 1, // things of that name, of which the surest has the percent
    val where: Where? = null, // that one is; null of a whole photo
    val colour: Int? = null, // of the class in the picture, where it has one there
)

fun percentOf(share: Double): Int = Math.round(100 * share).toInt()

/** Below this probability the best answer is wrong more often than right (`web_demo/README.md`). */
const val SURE_FROM = 0.4

fun isSure(answers: List<Answer>): Boolean = answers.isNotEmpty() && answers[0].probability >= SURE_FROM

/**
 * Rows of answers, the first one above the others and with the best answer. A row is told only when what
 * it says changes, so that a screen reader which stands on one is not thrown off it at each frame.
 */
class AnswerBoard<Row>(
    private val rows: List<Row>,
    private val put: (row: Row, line: AnswerLine?) -> Unit,
) {
    private val shown = arrayOfNulls<AnswerLine>(rows.size)

    fun show(answers: List<Answer>) = tell(answers.map { AnswerLine(it.name, percentOf(it.probability)) })

    fun tell(lines: List<AnswerLine>) {
        for ((place, row) in rows.withIndex()) {
            val line = lines.getOrNull(place)
            if (line == shown[place]) continue
            shown[place] = line
            put(row, line)
        }
    }

    fun clear() = tell(emptyList())
}
