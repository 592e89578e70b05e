package ghostnet.demo

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.RectF
import android.util.AttributeSet
import android.view.View
import ghostnet.android.Outlines
import ghostnet.core.Corners
import ghostnet.core.Extent
import ghostnet.core.Fit
import ghostnet.core.Mount

/** The class of every pixel as a colour, half transparent, over the picture that it was found on. */
class MaskOver(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    private val paint = Paint().apply { alpha = HALF }
    private var mask: Bitmap? = null
    private var seen = Corners(0.0, 0.0, 1.0, 1.0)
    private var fit: (Extent) -> Fit? = { null }

    /** [fit]: how the picture lies in a view of a size; [mount]: of the camera that it came from. */
    fun show(
        outlines: Outlines,
        mount: Mount,
        fit: (Extent) -> Fit?,
    ) {
        val pixels = outlines.pixels
        val colours = pixels.picture(outlines.colours, mount)
        mask = Bitmap.createBitmap(colours, pixels.width, pixels.height, Bitmap.Config.ARGB_8888)
        seen = outlines.seen
        this.fit = fit
        invalidate()
    }

    fun clear() {
        mask = null
        invalidate()
    }

    override fun onDraw(canvas: Canvas) {
        val shown = mask ?: return
        val box = fit(Extent(width, height))?.place(seen) ?: return
        val (right, bottom) = Pair(box.left + box.width, box.top + box.height)
        val place = RectF(box.left.toFloat(), box.top.toFloat(), right.toFloat(), bottom.toFloat())
        canvas.drawBitmap(shown, null, place, paint)
    }

    private companion object {
        const val HALF = 0x80
    }
}
