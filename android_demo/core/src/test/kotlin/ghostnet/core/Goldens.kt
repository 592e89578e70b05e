package ghostnet.core

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64

/** What Python makes of the same things; `checks/goldens.py` writes the file. */
object Goldens {
    private val all by lazy {
        val stream = checkNotNull(javaClass.getResourceAsStream("/goldens.json"))
        Fields(Json.read(stream.reader().readText()), "goldens")
    }

    fun cases(name: String): List<Fields> = all.list(name).mapIndexed { i, it -> Fields(it, "$name[$i]") }

    fun lists(name: String): List<List<Any?>> = all.list(name).map { it as List<*> }

    /** Of base64, in little-endian order. */
    fun floats(base64: String): FloatArray = buffer(base64).run { FloatArray(remaining() / 4) { getFloat() } }

    fun doubles(base64: String): DoubleArray =
        buffer(base64).run { DoubleArray(remaining() / 8) { getDouble() } }

    private fun buffer(base64: String) =
        ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN)

    fun json(name: String): String = Json.write(all.value(name))

    /** (size,) bytes: Numerical Recipes' generator, upper byte. */
    fun noise(
        size: Int,
        seed: Int,
    ): ByteArray {
        var x = seed
        return ByteArray(size) {
            x = x * 1664525 + 1013904223
            (x ushr 24).toByte()
        }
    }

    /** Two gradients under noise, so that every weight shows. */
    fun photo(
        width: Int,
        height: Int,
    ): RgbImage {
        val bytes = noise(width * height * 3, width * 1000 + height)
        for (y in 0 until height) {
            for (x in 0 until width) {
                val ramps = intArrayOf(x * 255 / width, y * 255 / height, (x + y) % 256)
                for (channel in 0 until 3) {
                    val at = (y * width + x) * 3 + channel
                    bytes[at] = (((bytes[at].toInt() and 0xFF) + ramps[channel]) / 2).toByte()
                }
            }
        }
        return RgbImage(width, height, bytes)
    }

    fun digest(values: FloatArray): String {
        val bytes = ByteBuffer.allocate(values.size * 4).order(ByteOrder.LITTLE_ENDIAN)
        values.forEach { bytes.putFloat(it) }
        return sha256(bytes.array())
    }
}
