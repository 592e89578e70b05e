package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class CoresTest {
    @Test
    fun theLastOfTheFastestCoresIsAskedFor() {
        assertEquals(7, fastestCore((0..7).associateWith { if (it < 4) 1_800_000L else 2_850_000L }))
        assertEquals(4, fastestCore(mapOf(0 to 1_800_000L, 4 to 2_850_000L, 5 to null, 6 to 2_400_000L)))
        assertNull(fastestCore(mapOf(0 to null, 1 to null)))
    }

    @Test
    fun aBatteryAtTwoHundredAndFiftyFiveTenthsIsAtTwentyFiveAndAHalfDegrees() {
        assertEquals(25.5, celsius(255)!!, 0.0)
        assertEquals(-3.0, celsius(-30)!!, 0.0)
        assertNull(celsius(null))
    }

    @Test
    fun theSameWorkThatTakesLongerIsASlowdown() {
        var now = 0L
        var stepNs = 100L
        val pace = Pace { now.also { now += stepNs } }

        assertEquals(1.0, pace.slowdown(), 0.0)
        stepNs = 130
        assertEquals(1.3, pace.slowdown(), 1e-9)
        stepNs = 90
        assertEquals(1.0, pace.slowdown(), 0.0)
        stepNs = 99
        assertEquals(1.1, pace.slowdown(), 1e-9)
    }
}
