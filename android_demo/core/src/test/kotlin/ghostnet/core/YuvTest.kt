package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Test
import java.nio.ByteBuffer

class YuvTest {
    @Test
    fun everyStrideAndTurnGivesThePixelsOfPython() {
        for (case in Goldens.cases("yuv")) {
            val height = case.whole("height").toInt()
            val rowY = case.whole("row_y").toInt()
            val rowUv = case.whole("row_uv").toInt()
            val stride = case.whole("pixel_stride").toInt()
            val degrees = case.whole("degrees").toInt()
            val frame =
                YuvFrame(
                    case.whole("width").toInt(),
                    height,
                    Plane(ByteBuffer.wrap(Goldens.noise(rowY * height, 1)), rowY, 1),
                    Plane(ByteBuffer.wrap(Goldens.noise(rowUv * height / 2, 2)), rowUv, stride),
                    Plane(ByteBuffer.wrap(Goldens.noise(rowUv * height / 2, 3)), rowUv, stride),
                )

            val rgb = frame.toRgb(degrees)

            assertEquals("$rowY $stride $degrees", case.text("rgb_sha256"), sha256(rgb.bytes))
        }
    }

    @Test
    fun threePlanesAreTakenInAndroidsOrderEachWithItsOwnStrides() {
        class Raw(
            override val buffer: ByteBuffer,
            override val rowStride: Int,
            override val pixelStride: Int,
        ) : RawPlane
        // 2 x 2 pixels: grey 100 with a strong V alone, which is red; the rows are longer than the image.
        val y = Raw(ByteBuffer.wrap(byteArrayOf(100, 100, 0, 0, 100, 100)), 4, 1)
        val u = Raw(ByteBuffer.wrap(byteArrayOf(128.toByte(), 0)), 6, 2)
        val v = Raw(ByteBuffer.wrap(byteArrayOf(200.toByte(), 0)), 6, 2)

        val pixel =
            yuvFrame(2, 2, listOf(y, u, v))
                .toRgb()
                .bytes
                .take(3)
                .map { it.toInt() and 0xFF }

        assertEquals(listOf(201, 49, 100), pixel)
    }
}
