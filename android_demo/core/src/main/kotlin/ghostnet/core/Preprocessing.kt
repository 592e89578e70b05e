package ghostnet.core

/** How a photo becomes the model's input: `ghostnet_tf/data/preprocess.py` in Kotlin, bit for bit. */
class Preprocessing(
    val height: Int, // pixels, after the crop
    val width: Int,
    val crop: Double, // centre crop, as a share of the resized sides
    val resample: Resample,
    val mean: List<Double>, // one a channel, of values in [0, 1]: RGB, or grey
    val std: List<Double>,
    val channels: Int = RgbImage.CHANNELS, // 1: grey
    val isStretched: Boolean = false, // all of the photo, however it is shaped; else its middle
) {
    init {
        require(height in 1..MAX_SIZE && width in 1..MAX_SIZE && crop > 0 && crop <= 1) {
            "sides $height x $width and crop $crop make no image"
        }
        require(channels == 1 || channels == RgbImage.CHANNELS) { "$channels channels are no photo's" }
        require(mean.size == channels && std.size == channels && std.all { it > 0 }) {
            "$channels channels need as many means and stds"
        }
    }

    /** Numbers that the network takes. */
    val inputSize get() = height * width * channels

    /** (channels, 256): the input for every value of a pixel, rounded once from float64. */
    private val table =
        Array(channels) { channel ->
            FloatArray(256) { ((it / 255.0 - mean[channel]) / std[channel]).toFloat() }
        }

    /** As small as covers sides / crop; stretched, exactly that. */
    private fun resized(photo: Extent): Extent {
        val tall = halfToEven(height / crop).toLong()
        val wide = halfToEven(width / crop).toLong()
        // One side exactly, the other truncated.
        return when {
            isStretched -> {
                Extent(wide.toInt(), tall.toInt())
            }

            tall * photo.width >= wide * photo.height -> {
                Extent((tall * photo.width / photo.height).toInt(), tall.toInt())
            }

            else -> {
                Extent(wide.toInt(), (wide * photo.height / photo.width).toInt())
            }
        }
    }

    private fun left(resized: Extent) = halfToEven((resized.width - width) / 2.0)

    private fun top(resized: Extent) = halfToEven((resized.height - height) / 2.0)

    /** The photo's centre: resized, then a crop. Grey has its luma in all three channels. */
    fun pixels(photo: RgbImage): RgbImage {
        val to = resized(photo.extent)
        val coloured = if (channels == 1) photo.inGrey() else photo
        return resample.resize(coloured, to.width, to.height).crop(left(to), top(to), width, height)
    }

    /** Shares of what the network sees -> of the photo that it was taken from. */
    fun onPhoto(
        seen: Corners,
        photo: Extent,
    ): Corners {
        val to = resized(photo)
        val across = { share: Double -> (left(to) + share * width) / to.width }
        val down = { share: Double -> (top(to) + share * height) / to.height }
        return Corners(across(seen.x1), down(seen.y1), across(seen.x2), down(seen.y2))
    }

    /** (height, width, channels) float32, row after row. */
    fun normalise(pixels: RgbImage): FloatArray =
        FloatArray(inputSize) {
            val place = it * (RgbImage.CHANNELS / channels)
            table[it % channels][pixels.bytes[place].toInt() and 0xFF]
        }

    fun input(photo: RgbImage): FloatArray = normalise(pixels(photo))

    private companion object {
        const val MAX_SIZE = 2048 // what the exporter allows
    }
}

/** As Python rounds. */
private fun halfToEven(x: Double): Int = Math.rint(x).toInt()
