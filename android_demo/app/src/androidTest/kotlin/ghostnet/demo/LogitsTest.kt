package ghostnet.demo

import androidx.test.platform.app.InstrumentationRegistry
import ghostnet.android.ModelAssets
import ghostnet.core.RgbImage
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs

/** The models on this phone against Python's logits of the same photo (`checks/phone_goldens.py`). */
class LogitsTest {
    private val instrumentation = InstrumentationRegistry.getInstrumentation()
    private val goldens = instrumentation.context.assets

    private fun golden(name: String): ByteArray = goldens.open("goldens/$name").use { it.readBytes() }

    @Test
    fun everyModelGivesTheLogitsOfPython() {
        val models = ModelAssets(instrumentation.targetContext)
        val names = models.classifiers()
        assertTrue(names.isNotEmpty())
        for (name in names) {
            val bytes = ByteBuffer.wrap(golden("$name.logits")).order(ByteOrder.LITTLE_ENDIAN)
            val expected = FloatArray(bytes.remaining() / Float.SIZE_BYTES) { bytes.getFloat() }

            val found =
                models
                    .classifier(
                        name,
                    ).use { it.logits(RgbImage(WIDTH, HEIGHT, golden("photo.rgb"))) }

            assertEquals(name, expected.size, found.size)
            // Whole numbers are exact on every processor; other ones are rounded in another order.
            val most = if ("_wi8_ai8" in name) 0f else 1e-3f
            assertTrue(name, found.indices.all { abs(found[it] - expected[it]) <= most })
        }
    }

    private companion object {
        const val WIDTH = 333
        const val HEIGHT = 257
    }
}
