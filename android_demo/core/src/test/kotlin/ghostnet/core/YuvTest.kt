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
    fun aPhoneHeldUprightTurnsItsSensorsImage() {
        assertEquals(90, uprightTurn(sensorDegrees = 90, displayDegrees = 0, isFront = false))
        assertEquals(0, uprightTurn(sensorDegrees = 90, displayDegrees = 90, isFront = false))
        assertEquals(180, uprightTurn(sensorDegrees = 90, displayDegrees = 270, isFront = false))
        assertEquals(270, uprightTurn(sensorDegrees = 270, displayDegrees = 0, isFront = true))
        assertEquals(0, uprightTurn(sensorDegrees = 270, displayDegrees = 90, isFront = true))
    }
}
