package ghostnet.demo

import android.graphics.Matrix
import android.view.TextureView

/**
 * Fills the view with the camera's picture, upright and undistorted. By itself a TextureView shows
 * the picture as it stands in the phone's natural orientation, stretched over the whole view.
 */
fun TextureView.show(
    lens: Lens,
    displayDegrees: Int,
) {
    val isTurned = lens.sensorDegrees % 180 != 0
    val pictureWidth = (if (isTurned) lens.preview.height else lens.preview.width).toFloat()
    val pictureHeight = (if (isTurned) lens.preview.width else lens.preview.height).toFloat()
    val isSideways = displayDegrees % 180 != 0
    val acrossWidth = if (isSideways) pictureHeight else pictureWidth
    val acrossHeight = if (isSideways) pictureWidth else pictureHeight
    val fill = maxOf(width / acrossWidth, height / acrossHeight)
    val (x, y) = Pair(width / 2f, height / 2f)
    setTransform(
        Matrix().apply {
            setScale(pictureWidth / width, pictureHeight / height, x, y)
            postRotate(-displayDegrees.toFloat(), x, y)
            postScale(fill, fill, x, y)
        },
    )
}
