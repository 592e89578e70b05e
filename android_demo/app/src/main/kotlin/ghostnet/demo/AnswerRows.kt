package ghostnet.demo

import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.ProgressBar
import android.widget.TextView
import ghostnet.core.Answer
import ghostnet.core.AnswerBoard
import ghostnet.core.AnswerLine
import ghostnet.core.isSure

/** The best answers under one another, each with a bar as long as its probability. */
class AnswerRows(
    private val place: ViewGroup,
    private val notSure: View, // said above them, where the best one is a guess
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
        notSure.visibility = View.GONE
        board.clear()
    }

    fun show(answers: List<Answer>) {
        notSure.visibility = if (isSure(answers)) View.GONE else View.VISIBLE
        board.show(answers)
    }

    private fun put(
        row: View,
        line: AnswerLine?,
    ) {
        row.visibility = if (line == null) View.INVISIBLE else View.VISIBLE
        if (line == null) return
        row.findViewById<TextView>(R.id.answer_name).text = line.name
        row.findViewById<TextView>(R.id.answer_percent).text =
            place.context.getString(R.string.percent, line.percent)
        row.findViewById<ProgressBar>(R.id.answer_bar).progress = line.percent
        // One sentence for a screen reader, in place of three fragments.
        row.contentDescription = place.context.getString(R.string.answer_spoken, line.name, line.percent)
    }
}
