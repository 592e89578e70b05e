package ghostnet.core

/** How a photo becomes the model's input: `ghostnet_tf/data/preprocess.py` in Kotlin, bit for bit. */
class Preprocessing(
    val size: Int, // pixels, after the crop
    val crop: Double, // centre crop, as a share of the resized short side
    val resample: Resample,
    val mean: List<Double>, // RGB, of values in [0, 1]
    val std: List<Double>,
) {
    init {
        require(size in 1..MAX_SIZE && crop > 0 && crop <= 1) {
            "size $size and crop $crop make no image"
        }
        require(mean.size == RgbImage.CHANNELS && std.size == RgbImage.CHANNELS && std.all { it > 0 })
    }

    /** (3, 256): the input for every value of a pixel, rounded once from float64. */
    private val table =
        Array(RgbImage.CHANNELS) { channel ->
            FloatArray(256) { ((it / 255.0 - mean[channel]) / std[channel]).toFloat() }
        }

    /** The photo's centre, size x size: short side to size / crop, then a crop. */
    fun pixels(photo: RgbImage): RgbImage {
        val short = halfToEven(size / crop)
        val scale = minOf(photo.width, photo.height)
        // The short side exactly, the long side truncated.
        val width = (short.toLong() * photo.width / scale).toInt()
        val height = (short.toLong() * photo.height / scale).toInt()
        val resized = resample.resize(photo, width, height)
        return resized.crop(halfToEven((width - size) / 2.0), halfToEven((height - size) / 2.0), size, size)
    }

    /** (size, size, 3) float32, row after row. */
    fun normalise(pixels: RgbImage): FloatArray =
        FloatArray(pixels.bytes.size) {
            table[it % RgbImage.CHANNELS][pixels.bytes[it].toInt() and 0xFF]
        }

    fun input(photo: RgbImage): FloatArray = normalise(pixels(photo))

    private companion object {
        const val MAX_SIZE = 2048 // what the exporter allows
    }
}

/** As Python rounds. */
private fun halfToEven(x: Double): Int = Math.rint(x).toInt()
