package ghostnet.demo

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.util.AttributeSet
import android.view.View
import ghostnet.core.Seen

/** A frame over the preview, round what the network sees of it. */
class CropFrame(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    private val paint =
        Paint().apply {
            style = Paint.Style.STROKE
            strokeWidth = WIDTH_DP * resources.displayMetrics.density
            color = context.getColor(R.color.frame)
        }
    private var seen: Seen? = null

    fun show(seen: Seen) {
        if (seen == this.seen) return
        this.seen = seen
        invalidate()
    }

    override fun onDraw(canvas: Canvas) {
        val (left, top, width, height) = seen ?: return
        val (right, bottom) = Pair(left + width, top + height)
        canvas.drawRect(left.toFloat(), top.toFloat(), right.toFloat(), bottom.toFloat(), paint)
    }

    private companion object {
        const val WIDTH_DP = 2
    }
}
