package ghostnet.core

import java.nio.ByteBuffer

/** One of the three planes of a camera's frame; its rows may be longer than the image. */
class Plane(
    val bytes: ByteBuffer,
    val rowStride: Int,
    val pixelStride: Int, // 2 where U and V are interleaved in one buffer
) {
    /** A read from an absolute place; the buffer's own position stays. */
    operator fun get(
        x: Int,
        y: Int,
    ): Int = bytes[y * rowStride + x * pixelStride].toInt() and 0xFF
}

/** What a camera hands over of a plane, under Android's names. */
interface RawPlane {
    val buffer: ByteBuffer
    val rowStride: Int
    val pixelStride: Int
}

/** A frame of the planes that Android delivers: Y, U, V, in this order. */
fun yuvFrame(
    width: Int,
    height: Int,
    planes: List<RawPlane>,
): YuvFrame {
    require(planes.size == 3) { "a frame of ${planes.size} planes" }
    val (y, u, v) = planes.map { Plane(it.buffer, it.rowStride, it.pixelStride) }
    return YuvFrame(width, height, y, u, v)
}

/** A camera's frame in YUV 4:2:0, full range, BT.601, as JPEG and Android's cameras have it. */
class YuvFrame(
    val width: Int,
    val height: Int,
    private val y: Plane,
    private val u: Plane, // one value for two by two pixels
    private val v: Plane,
) {
    /** Turned clockwise by [degrees], a multiple of 90, so that the scene stands upright. */
    fun toRgb(degrees: Int = 0): RgbImage {
        require(degrees % 90 == 0) { "a turn by $degrees degrees" }
        val turn = Math.floorMod(degrees, 360)
        val isUpright = turn % 180 == 0
        val outWidth = if (isUpright) width else height
        val outHeight = if (isUpright) height else width
        val out = ByteArray(width * height * RgbImage.CHANNELS)
        for (row in 0 until height) {
            for (column in 0 until width) {
                val at =
                    when (turn) {
                        0 -> row * outWidth + column
                        90 -> column * outWidth + (outWidth - 1 - row)
                        180 -> (outHeight - 1 - row) * outWidth + (outWidth - 1 - column)
                        else -> (outHeight - 1 - column) * outWidth + row
                    }
                put(out, at * RgbImage.CHANNELS, row, column)
            }
        }
        return RgbImage(outWidth, outHeight, out)
    }

    private fun put(
        out: ByteArray,
        at: Int,
        row: Int,
        column: Int,
    ) {
        val light = (y[column, row] shl BITS) + HALF
        val blue = u[column / 2, row / 2] - 128
        val red = v[column / 2, row / 2] - 128
        out[at] = byte(light + 91881 * red) // 1.402
        out[at + 1] = byte(light - 22553 * blue - 46802 * red) // 0.344136, 0.714136
        out[at + 2] = byte(light + 116130 * blue) // 1.772
    }

    private fun byte(fixed: Int): Byte = (fixed shr BITS).coerceIn(0, 255).toByte()

    private companion object {
        const val BITS = 16
        const val HALF = 1 shl (BITS - 1)
    }
}
