package ghostnet.demo

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.util.AttributeSet
import android.view.View
import ghostnet.core.Square

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
    private var square: Square? = null

    fun show(square: Square) {
        if (square == this.square) return
        this.square = square
        invalidate()
    }

    override fun onDraw(canvas: Canvas) {
        val (left, top, side) = square ?: return
        canvas.drawRect(left.toFloat(), top.toFloat(), (left + side).toFloat(), (top + side).toFloat(), paint)
    }

    private companion object {
        const val WIDTH_DP = 2
    }
}
