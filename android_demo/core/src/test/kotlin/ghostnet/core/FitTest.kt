package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class FitTest {
    private val stream = Extent(640, 480)

    /** Where a point of the view, in pixels, comes to lie. */
    private fun moved(
        m: FloatArray,
        x: Int,
        y: Int,
    ): Pair<Int, Int> {
        assertEquals(listOf(0f, 0f, 1f), m.drop(6))
        return Pair(Math.round(m[0] * x + m[1] * y + m[2]), Math.round(m[3] * x + m[4] * y + m[5]))
    }

    /** The four corners of the picture: top left, top right, bottom right, bottom left, as stretched over the view. */
    private fun corners(
        view: Extent,
        mount: Mount,
        rotation: Int,
    ): List<Pair<Int, Int>> {
        val m = Fit(view, stream, mount, rotation).matrix()
        val (w, h) = view
        return listOf(moved(m, 0, 0), moved(m, w, 0), moved(m, w, h), moved(m, 0, h))
    }

    @Test
    fun aPhoneHeldUprightShowsThePictureUndistortedInTheMiddle() {
        // 480 x 640 upright, into 480 x 800: 80 pixels are left above and below.
        val expected = listOf(Pair(0, 80), Pair(480, 80), Pair(480, 720), Pair(0, 720))

        assertEquals(expected, corners(Extent(480, 800), Mount(90, false), 0))
        assertEquals(expected, corners(Extent(480, 800), Mount(270, true), 0))
    }

    @Test
    fun aTurnedPhonesPictureIsTurnedBack() {
        val view = Extent(800, 480) // the picture is 640 x 480 in it
        val (left, right) = Pair(80, 720)

        // Turned counterclockwise (rotation 1): what was left of the phone is now at the bottom.
        assertEquals(
            listOf(Pair(left, 480), Pair(left, 0), Pair(right, 0), Pair(right, 480)),
            corners(view, Mount(90, false), 1),
        )
        assertEquals(
            listOf(Pair(right, 0), Pair(right, 480), Pair(left, 480), Pair(left, 0)),
            corners(view, Mount(90, false), 3),
        )
    }

    @Test
    fun aPhoneUpsideDownIsTurnedByHalf() {
        assertEquals(
            listOf(Pair(480, 720), Pair(0, 720), Pair(0, 80), Pair(480, 80)),
            corners(Extent(480, 800), Mount(90, false), 2),
        )
    }

    @Test
    fun aTabletsSensorThatStandsUprightNeedsNoTurn() {
        assertEquals(
            listOf(Pair(0, 0), Pair(800, 0), Pair(800, 600), Pair(0, 600)),
            corners(Extent(800, 600), Mount(0, false), 0),
        )
    }

    @Test
    fun whatIsShownAndWhatIsClassifiedStandTheSameWay() {
        for (sensor in listOf(0, 90, 180, 270)) {
            for (rotation in 0..3) {
                val m = Fit(Extent(500, 500), Extent(400, 400), Mount(sensor, false), rotation).matrix()
                // The sensor's picture turned by `sensor` is the natural one, which the matrix turns on.
                val shown =
                    Math.floorMod(
                        Math.round(Math.toDegrees(Math.atan2(m[3].toDouble(), m[0].toDouble()))).toInt(),
                        360,
                    )
                val turned = uprightTurn(Mount(sensor, false), rotation)
                assertEquals("$sensor $rotation", turned, Math.floorMod(sensor + shown, 360))
            }
        }
    }

    @Test
    fun theFrameIsRoundWhatTheNetworkSees() {
        val fit = Fit(Extent(480, 800), stream, Mount(90, false), 0)
        val turned = Fit(Extent(800, 480), stream, Mount(90, false), 1)

        assertEquals(Seen(30.0, 190.0, 420.0, 420.0), fit.seen(0.875))
        assertEquals(Seen(0.0, 160.0, 480.0, 480.0), fit.seen(1.0))
        assertEquals(Seen(0.0, 280.0, 480.0, 240.0), fit.seen(1.0, aspect = 2.0))
        assertEquals(Seen(80.0, 80.0, 320.0, 640.0), fit.seen(1.0, aspect = 0.5))
        assertEquals(Seen(160.0, 0.0, 480.0, 480.0), turned.seen(1.0))
    }

    @Test
    fun everyTurnOfThePhoneTurnsTheFrame() {
        val back = Mount(90, false)
        assertEquals(listOf(90, 0, 270, 180), (0..3).map { uprightTurn(back, it) })
        assertEquals(listOf(270, 0, 90, 180), (0..3).map { uprightTurn(Mount(270, true), it) })
        assertEquals(listOf(0, 90, 180, 270), (0..3).map(::displayDegrees))
        assertThrows(IllegalArgumentException::class.java) { displayDegrees(4) }
    }

    @Test
    fun noSizeIsAskedForThatADeviceNeedNotHave() {
        val all =
            listOf(
                Extent(4000, 3000),
                Extent(1920, 1080),
                Extent(1440, 1080),
                Extent(640, 480),
                Extent(320, 240),
            )

        val found = captures(all, all + Extent(2560, 1920))

        assertEquals(Capture(Extent(640, 480), Extent(1440, 1080)), found[0])
        assertEquals(Capture(Extent(640, 480), Extent(640, 480)), found[1])
        assertEquals(Capture(Extent(320, 240), Extent(320, 240)), found[2])
        assertTrue(found.all { it.preview.height <= 1080 })
    }

    @Test
    fun aCameraWithOneSizeIsAskedOnceAndOneWithoutIsNotAsked() {
        val only = listOf(Extent(1280, 720))

        assertEquals(listOf(Capture(only[0], only[0])), captures(only, emptyList()))
        assertEquals(emptyList<Capture>(), captures(listOf(Extent(4000, 3000)), only))
    }

    @Test
    fun theOnlyCameraIsTakenWhicheverWayItLooks() {
        assertEquals("front", lensFor(listOf("back", "front"), true) { it == "front" })
        assertEquals("back", lensFor(listOf("back", "front"), false) { it == "front" })
        assertEquals("front", lensFor(listOf("front"), false) { it == "front" })
        assertEquals(null, lensFor(emptyList<String>(), false) { true })
    }
}
