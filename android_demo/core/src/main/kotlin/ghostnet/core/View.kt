package ghostnet.core

import kotlin.math.cos
import kotlin.math.sin

/** Width and height in pixels. */
data class Extent(
    val width: Int,
    val height: Int,
)

/** How a camera is built into its phone. */
data class Mount(
    val sensorDegrees: Int, // how far its picture must turn clockwise in the phone's natural orientation
    val isFront: Boolean,
)

/** Of a picture that stands upright already, as a photo does. */
val UPRIGHT = Mount(0, false)

/** 0, 90, 180 or 270: how far the phone is turned, of Android's constant of 0 to 3. */
fun displayDegrees(rotation: Int): Int {
    require(rotation in 0..3) { "a display's rotation of $rotation" }
    return rotation * 90
}

/**
 * How far a frame must be turned clockwise to stand upright. The sensor's angle is fixed in the
 * phone, the display's changes with how it is held; a front camera looks the other way.
 */
fun uprightTurn(
    mount: Mount,
    rotation: Int,
): Int {
    val display = displayDegrees(rotation)
    return Math.floorMod(
        if (mount.isFront) mount.sensorDegrees + display else mount.sensorDegrees - display,
        360,
    )
}

/** A camera's picture in a view: as large as fits, upright, undistorted, in the middle. */
class Fit(
    private val view: Extent,
    stream: Extent, // as the sensor has it
    private val mount: Mount,
    rotation: Int,
) {
    private val degrees = displayDegrees(rotation)
    private val isTurned = mount.sensorDegrees % 180 != 0

    // In the phone's natural orientation, and as it is held.
    private val natural = if (isTurned) Extent(stream.height, stream.width) else stream
    private val upright = if (degrees % 180 == 0) natural else Extent(natural.height, natural.width)
    private val scale =
        minOf(view.width.toDouble() / upright.width, view.height.toDouble() / upright.height)

    /**
     * The nine values of an Android Matrix, row by row. By itself a TextureView shows the picture as it
     * stands in the phone's natural orientation, stretched over the whole view.
     */
    fun matrix(): FloatArray {
        val angle = Math.toRadians(-degrees.toDouble())
        val (sine, cosine) = Pair(sin(angle), cos(angle))
        val wide = scale * natural.width / view.width
        val high = scale * natural.height / view.height
        val (x, y) = Pair(view.width / 2.0, view.height / 2.0)
        val (a, b) = Pair(cosine * wide, -sine * high)
        val (c, d) = Pair(sine * wide, cosine * high)
        return doubleArrayOf(a, b, x - a * x - b * y, c, d, y - c * x - d * y, 0.0, 0.0, 1.0)
            .map { it.toFloat() }
            .toFloatArray()
    }

    /**
     * What the network sees of it: the middle, [crop] of the largest of its shape. [aspect] is its width
     * by its height; null where it sees the picture in any shape.
     */
    fun seen(
        crop: Double,
        aspect: Double? = 1.0,
    ): Seen {
        val shape = aspect ?: (upright.width.toDouble() / upright.height)
        val width = crop * scale * minOf(upright.width.toDouble(), upright.height * shape)
        val height = width / shape
        return Seen((view.width - width) / 2, (view.height - height) / 2, width, height)
    }

    /** Where a rectangle of the upright, unmirrored picture is seen. */
    fun place(corners: Corners): Seen {
        val (width, height) = Pair(scale * upright.width, scale * upright.height)
        val (x1, y1, x2, y2) = corners.seenBy(mount)
        val (left, top) = Pair((view.width - width) / 2, (view.height - height) / 2)
        return Seen(left + x1 * width, top + y1 * height, (x2 - x1) * width, (y2 - y1) * height)
    }
}

/** In a view's pixels. */
data class Seen(
    val left: Double,
    val top: Double,
    val width: Double,
    val height: Double,
)

/** Sizes in which a camera is asked for its picture. */
data class Capture(
    val frame: Extent, // what is classified
    val preview: Extent, // what is shown; of the same shape
)

/**
 * What to ask a camera for, one after the other, until it agrees. Every device guarantees a preview and
 * frames together up to 1080p; whatever one refuses nevertheless, it is asked for its smallest.
 */
fun captures(
    frames: List<Extent>,
    previews: List<Extent>,
): List<Capture> {
    val small = frames.filter { it.height <= MAX_HEIGHT && it.width <= MAX_WIDTH }
    val frame = small.minByOrNull { Math.abs(it.pixels - FRAME_PIXELS) } ?: return emptyList()
    val same =
        previews.filter { it.height <= MAX_HEIGHT && it.width <= MAX_WIDTH && it.hasShapeOf(frame) }
    val large = Capture(frame, same.maxByOrNull { it.pixels } ?: frame)
    val least = small.minBy { it.pixels }
    return listOf(large, Capture(frame, frame), Capture(least, least)).distinct()
}

private val Extent.pixels get() = width.toLong() * height

private fun Extent.hasShapeOf(other: Extent) = width.toLong() * other.height == height.toLong() * other.width

private const val MAX_HEIGHT = 1080
private const val MAX_WIDTH = 1920
private const val FRAME_PIXELS = 640L * 480 // more would only be thrown away

/** The camera that looks where it shall; where there is none, any. */
fun <T> lensFor(
    lenses: List<T>,
    isFront: Boolean,
    looksToFront: (T) -> Boolean,
): T? = lenses.find { looksToFront(it) == isFront } ?: lenses.firstOrNull()
