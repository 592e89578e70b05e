package ghostnet.demo

import android.content.res.ColorStateList
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.ProgressBar
import android.widget.TextView
import ghostnet.core.Answer
import ghostnet.core.AnswerBoard
import ghostnet.core.AnswerLine
import ghostnet.core.Where
import ghostnet.core.isSure

/** The best answers under one another, each with a bar as long as its probability. */
class AnswerRows(
    private val place: ViewGroup,
    private val doubt: TextView, // said above them: the best one is a guess, or there is none
    count: Int,
) {
    private val board: AnswerBoard<View>

    init {
        val inflater = LayoutInflater.from(place.context)
        val rows = List(count) { inflater.inflate(R.layout.answer, place, false).also(place::addView) }
        rows.forEach { it.visibility = View.INVISIBLE }
        board = AnswerBoard(rows, ::put)
    }

    fun clear() {
        say(null)
        board.clear()
    }

    fun show(answers: List<Answer>) {
        say(if (isSure(answers)) null else R.string.not_sure)
        board.show(answers)
    }

    fun tell(
        lines: List<AnswerLine>,
        doubt: Int?,
    ) {
        say(doubt)
        board.tell(lines)
    }

    private fun say(text: Int?) {
        doubt.visibility = if (text == null) View.GONE else View.VISIBLE
        text?.let(doubt::setText)
    }

    private fun put(
        row: View,
        line: AnswerLine?,
    ) {
        row.visibility = if (line == null) View.INVISIBLE else View.VISIBLE
        if (line == null) return
        val isOne = line.count == 1
        row.findViewById<TextView>(R.id.answer_name).text =
            if (isOne) line.name else place.context.getString(R.string.several, line.name, line.count)
        row.findViewById<TextView>(R.id.answer_percent).text =
            place.context.getString(R.string.percent, line.percent)
        val bar = row.findViewById<ProgressBar>(R.id.answer_bar)
        bar.progress = line.percent
        bar.progressTintList = line.colour?.let(ColorStateList::valueOf)
        row.contentDescription = spoken(line)
    }

    /** One sentence for a screen reader, in place of three fragments. */
    private fun spoken(line: AnswerLine): String {
        val context = place.context
        val where = line.where?.let { context.getString(word(it)) }
        return when {
            where == null -> context.getString(R.string.answer_spoken, line.name, line.percent)
            line.count == 1 -> context.getString(R.string.found_spoken, line.name, line.percent, where)
            else -> context.getString(R.string.several_spoken, line.name, line.count, line.percent, where)
        }
    }

    private fun word(where: Where): Int =
        when (where) {
            Where.TOP_LEFT -> R.string.top_left
            Where.TOP -> R.string.top
            Where.TOP_RIGHT -> R.string.top_right
            Where.LEFT -> R.string.left
            Where.MIDDLE -> R.string.middle
            Where.RIGHT -> R.string.right
            Where.BOTTOM_LEFT -> R.string.bottom_left
            Where.BOTTOM -> R.string.bottom
            Where.BOTTOM_RIGHT -> R.string.bottom_right
        }
}
