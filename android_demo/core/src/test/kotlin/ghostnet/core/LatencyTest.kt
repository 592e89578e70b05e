package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class LatencyTest {
    private fun visits(case: Fields) =
        case.list("visits").map { Fields(mapOf("runs" to it), "visit").numbers("runs") }

    @Test
    fun statisticsAreThoseOfPython() {
        for (case in Goldens.cases("latency")) {
            val latency = Latency(visits(case), case.whole("clock_resolution_ns"))

            assertEquals(case.number("median_ms"), latency.medianMs, 0.0)
            assertEquals(case.number("p90_ms"), latency.p90Ms, 1e-12)
            assertEquals(case.number("change"), latency.trend.change, 1e-12)
            assertEquals(case.number("p"), latency.trend.p, 1e-12)
            assertEquals(case.number("spike_share"), latency.spikeShare, 0.0)
            assertEquals(case.number("first_run"), latency.firstRun, 1e-12)
            assertEquals(case.number("clock_step_ms"), latency.clockStepMs, 1e-12)
        }
    }

    @Test
    fun aPhoneThatSlowsDownIsDoubted() {
        val slowing = Latency(List(10) { round -> List(50) { 5.0 + 0.1 * round + 0.01 * (it % 7) } })

        val doubts = Doubts.about(slowing)

        assertTrue("$doubts", doubts.any { "slowed down" in it })
        assertTrue("$doubts", doubts.any { "strict effort" in it })
    }

    @Test
    fun aRunOnTwoCoresWithTheChargerInIsDoubted() {
        fun visit(
            core: Int,
            isCharging: Boolean?,
        ) = Visit(
            listOf(1.0),
            emptyList(),
            1.0,
            1,
            "",
            Place(core, null),
            Place(7, null),
            Conditions(25.0, 0, isSavingPower = isCharging, isCharging = isCharging),
            0,
        )

        assertEquals(3, Doubts.ofVisits(listOf(visit(4, true), visit(7, false))).size)
        assertEquals(0, Doubts.ofVisits(listOf(visit(7, null), visit(7, false))).size)
    }

    @Test
    fun aWarmBatteryAndAThrottledPhoneAreDoubted() {
        val states = listOf(Conditions(25.0, 0), Conditions(31.5, 2), Conditions(null, null))

        assertEquals(2, Doubts.ofHeat(states).size)
        assertEquals(0, Doubts.ofHeat(listOf(Conditions(null, null))).size)
    }
}
