package ghostnet.core

/** An image of 8-bit RGB, row after row: (height, width, 3). Its bytes are unsigned. */
class RgbImage(
    val width: Int,
    val height: Int,
    val bytes: ByteArray,
) {
    init {
        require(width > 0 && height > 0) { "an image of $width x $height pixels" }
        require(bytes.size == width * height * CHANNELS) {
            "${bytes.size} bytes for an image of $width x $height pixels"
        }
    }

    val extent get() = Extent(width, height)

    /** The rectangle that begins at ([left], [top]); it must lie inside. */
    fun crop(
        left: Int,
        top: Int,
        width: Int,
        height: Int,
    ): RgbImage {
        require(left >= 0 && top >= 0 && left + width <= this.width && top + height <= this.height)
        val cropped = ByteArray(width * height * CHANNELS)
        for (y in 0 until height) {
            val from = ((top + y) * this.width + left) * CHANNELS
            bytes.copyInto(cropped, y * width * CHANNELS, from, from + width * CHANNELS)
        }
        return RgbImage(width, height, cropped)
    }

    /** Its luma of ITU-R 601 in all three channels, in Pillow's steps of 1/65536, half up. */
    fun inGrey(): RgbImage {
        val grey = ByteArray(bytes.size)
        for (i in bytes.indices step CHANNELS) {
            val (red, green, blue) = List(CHANNELS) { bytes[i + it].toInt() and 0xFF }
            grey.fill(((red * 19595 + green * 38470 + blue * 7471 + 0x8000) shr 16).toByte(), i, i + CHANNELS)
        }
        return RgbImage(width, height, grey)
    }

    companion object {
        const val CHANNELS = 3

        /** From 0xAARRGGBB, as Android's Bitmap has its pixels; alpha is dropped. */
        fun fromArgb(
            width: Int,
            height: Int,
            argb: IntArray,
        ): RgbImage {
            val bytes = ByteArray(argb.size * CHANNELS)
            for ((i, pixel) in argb.withIndex()) {
                bytes[i * CHANNELS] = (pixel shr 16).toByte()
                bytes[i * CHANNELS + 1] = (pixel shr 8).toByte()
                bytes[i * CHANNELS + 2] = pixel.toByte()
            }
            return RgbImage(width, height, bytes)
        }
    }
}
