package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Test

class LiveViewTest {
    private val said = ArrayList<String>()
    private val live =
        LiveView(
            object : Stage {
                override fun openCamera(
                    isFront: Boolean,
                    attempt: Int,
                ) {
                    said += "open ${if (isFront) "front" else "back"} $attempt"
                }

                override fun closeCamera() {
                    said += "close"
                }

                override fun loadModel() {
                    said += "load"
                }

                override fun closeModel() {
                    said += "unload"
                }

                override fun show(trouble: Trouble?) {
                    if (trouble != null) said += "$trouble"
                }
            },
        )

    private fun told(): List<String> = said.toList().also { said.clear() }

    private fun running() {
        live.surfaceCame()
        live.resumed(Permission.GRANTED)
        told()
    }

    @Test
    fun thePreviewComesBeforeTheModel() {
        live.surfaceCame()
        live.resumed(Permission.GRANTED)

        assertEquals(listOf("open back 0", "load"), told())
    }

    @Test
    fun aSurfaceThatComesLateOpensTheCameraThen() {
        live.resumed(Permission.GRANTED)
        assertEquals(listOf("load"), told())

        live.surfaceCame()
        assertEquals(listOf("open back 0"), told())
    }

    @Test
    fun leavingClosesTheCameraAndTheModelAndComingBackOpensThem() {
        running()

        live.paused()
        assertEquals(listOf("close", "unload"), told())
        live.surfaceWent()
        live.surfaceCame()
        assertEquals(emptyList<String>(), told())

        live.resumed(Permission.GRANTED)
        assertEquals(listOf("open back 0", "load"), told())
    }

    @Test
    fun withoutPermissionNothingIsOpened() {
        live.surfaceCame()
        live.resumed(Permission.NOT_ASKED)
        live.paused()
        live.resumed(Permission.REFUSED)
        live.switched()
        live.again()
        live.modelChanged()

        assertEquals(listOf("NOT_ASKED", "REFUSED"), told())
    }

    @Test
    fun theOtherCameraKeepsTheModelAndTheOtherModelTheCamera() {
        running()

        live.switched()
        assertEquals(listOf("close", "open front 0"), told())
        live.modelChanged()
        assertEquals(listOf("unload", "load"), told())
    }

    @Test
    fun aLostCameraWaitsForThePerson() {
        running()

        live.lost()
        live.lost()
        assertEquals(listOf("LOST", "close"), told())
        live.again()
        assertEquals(listOf("unload", "load", "open back 0"), told())
    }

    @Test
    fun refusedSizesGiveWayToSmallerOnesAndThenTheCameraIsLost() {
        running()

        live.sizesRefused(2)
        assertEquals(listOf("close", "open back 1"), told())
        live.sizesRefused(2)
        assertEquals(listOf("LOST", "close"), told())
        live.again()
        assertEquals(listOf("unload", "load", "open back 0"), told())
    }

    @Test
    fun newsOfACameraThatIsClosedAlreadyIsOld() {
        running()
        live.paused()
        told()

        live.lost()
        live.sizesRefused(3)
        live.noCamera()
        assertEquals(emptyList<String>(), told())
    }

    @Test
    fun aPhoneWithoutACameraIsToldSo() {
        running()
        live.noCamera()

        assertEquals(listOf("NO_CAMERA", "close"), told())
    }

    @Test
    fun framesAreWorkedOnOnlyWhileAModelIsThere() {
        val gate = FrameGate<String>()
        val seen = ArrayList<Pair<String, Double>>()
        val frame = { ns: Long -> gate.frame(ns) { model, ms -> seen += Pair(model, ms) } }

        frame(1_000_000)
        gate.opened("a")
        frame(2_000_000)
        frame(5_000_000)
        assertEquals("a", gate.closed())
        frame(6_000_000)
        assertEquals(null, gate.closed())
        gate.opened("b")
        frame(9_000_000)

        assertEquals(listOf(Pair("a", 0.0), Pair("a", 3.0), Pair("b", 0.0)), seen)
    }
}
