package ghostnet.demo

import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.ProgressBar
import android.widget.TextView
import ghostnet.core.Answer

/** The best answers under one another, each with a bar as long as its probability. */
class AnswerRows(
    private val place: ViewGroup,
    count: Int,
) {
    private val rows: List<View>

    init {
        val inflater = LayoutInflater.from(place.context)
        rows = List(count) { inflater.inflate(R.layout.answer, place, false).also(place::addView) }
        clear()
    }

    fun clear() = rows.forEach { it.visibility = View.INVISIBLE }

    fun show(answers: List<Answer>) {
        clear()
        rows.zip(answers) { row, answer ->
            val percent = Math.round(100 * answer.probability).toInt()
            row.visibility = View.VISIBLE
            row.findViewById<TextView>(R.id.answer_name).text = answer.name
            row.findViewById<TextView>(R.id.answer_percent).text =
                place.context.getString(R.string.percent, percent)
            row.findViewById<ProgressBar>(R.id.answer_bar).progress = percent
            // One sentence for a screen reader, in place of three fragments.
            row.contentDescription =
                place.context.getString(R.string.answer_spoken, answer.name, percent)
        }
    }
}
