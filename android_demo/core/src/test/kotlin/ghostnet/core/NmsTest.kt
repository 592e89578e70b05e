package ghostnet.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64

class NmsTest {
    @Test
    fun whatIsKeptIsWhatPythonKeepsToTheLastBit() {
        for (case in Goldens.cases("nms")) {
            val corners = floats(case.text("corners"))
            val scores = floats(case.text("scores"))
            val iou = case.number("iou").toFloat()
            val score = case.number("score").toFloat()

            val kept = keep(corners, scores, iou, score, case.whole("most").toInt())

            assertEquals(case.numbers("kept_classes").map { it.toInt() }, kept.map { it.label })
            assertSameBits(case.text("kept_scores"), kept.map { it.score })
            assertSameBits(case.text("kept"), kept.flatMap { corners.slice(4 * it.box..4 * it.box + 3) })
        }
    }

    @Test
    fun overlapsAreThoseOfPythonToTheLastBit() {
        for (case in Goldens.cases("nms")) {
            val corners = floats(case.text("corners"))
            val boxes = corners.size / 4

            val overlaps = List(boxes) { overlap(corners, it, (it + 1) % boxes) }

            assertSameBits(case.text("overlaps"), overlaps)
        }
    }

    @Test
    fun aScoreThatIsNoNumberIsNone() {
        val corners = floatArrayOf(0f, 0f, 1f, 1f, 0f, 0f, 1f, 1f)

        val kept = keep(corners, floatArrayOf(Float.NaN, 0.3f), 0.6f, 0.05f, 10)

        assertEquals(listOf(Found(1, 0, 0.3f)), kept)
    }

    private fun floats(base64: String): FloatArray {
        val bytes = ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN)
        return FloatArray(bytes.remaining() / 4) { bytes.getFloat() }
    }

    private fun assertSameBits(
        wanted: String,
        got: List<Float>,
    ) {
        val bits = floats(wanted).map { it.toRawBits() }.toIntArray()
        assertArrayEquals(bits, got.map { it.toRawBits() }.toIntArray())
    }
}
