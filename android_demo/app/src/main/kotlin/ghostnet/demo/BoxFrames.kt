package ghostnet.demo

import android.content.Context
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.util.AttributeSet
import android.view.View
import ghostnet.core.Extent
import ghostnet.core.Fit
import ghostnet.core.Seen
import ghostnet.core.Thing
import ghostnet.core.classColour
import ghostnet.core.nameAt
import ghostnet.core.percentOf
import kotlin.math.ceil

/** What was found, framed over the picture that it was found on, each class in its colour. */
class BoxFrames(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    private val density = resources.displayMetrics.density
    private val frame =
        Paint().apply {
            style = Paint.Style.STROKE
            strokeWidth = WIDTH_DP * density
        }
    private val paper = Paint()
    private val letters =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            color = Color.BLACK
            textSize = TEXT_DP * density
        }
    private var things = emptyList<Thing>()
    private var fit: (Extent) -> Fit? = { null }

    /** [fit]: how the picture lies in a view of a size, which may change. */
    fun show(
        things: List<Thing>,
        fit: (Extent) -> Fit?,
    ) {
        this.things = things
        this.fit = fit
        invalidate()
    }

    fun clear() = show(emptyList()) { null }

    override fun onDraw(canvas: Canvas) {
        val view = Extent(width, height)
        val lies = fit(view) ?: return
        for (thing in things.asReversed()) draw(canvas, thing, lies.place(thing.corners), view)
    }

    /** The surest comes last, and lies above the others. */
    private fun draw(
        canvas: Canvas,
        thing: Thing,
        box: Seen,
        view: Extent,
    ) {
        val colour = classColour(thing.label)
        frame.color = colour
        val (right, bottom) = Pair(box.left + box.width, box.top + box.height)
        canvas.drawRect(box.left.toFloat(), box.top.toFloat(), right.toFloat(), bottom.toFloat(), frame)
        val text = context.getString(R.string.box_name, thing.name, percentOf(thing.score.toDouble()))
        val high = letters.descent() - letters.ascent()
        val name = Extent(ceil(letters.measureText(text)).toInt(), ceil(high).toInt())
        val (left, top) = nameAt(box, name, view)
        val (x, y) = Pair(left.toFloat(), top.toFloat())
        paper.color = colour
        canvas.drawRect(x, y, x + name.width, y + name.height, paper)
        canvas.drawText(text, x, y - letters.ascent(), letters)
    }

    private companion object {
        const val WIDTH_DP = 2
        const val TEXT_DP = 13
    }
}
