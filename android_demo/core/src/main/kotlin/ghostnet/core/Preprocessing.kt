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

    /**
     * The photo's centre: as small as covers sides / crop, then a crop. Grey has its luma in all
     * three channels.
     */
    fun pixels(photo: RgbImage): RgbImage {
        val tall = halfToEven(height / crop).toLong()
        val wide = halfToEven(width / crop).toLong()
        // One side exactly, the other truncated.
        val (across, down) =
            if (tall * photo.width >= wide * photo.height) {
                Pair(tall * photo.width / photo.height, tall)
            } else {
                Pair(wide, wide * photo.height / photo.width)
            }
        val coloured = if (channels == 1) photo.inGrey() else photo
        val resized = resample.resize(coloured, across.toInt(), down.toInt())
        val left = halfToEven((resized.width - width) / 2.0)
        return resized.crop(left, halfToEven((resized.height - height) / 2.0), width, height)
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
