package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.IOException
import java.util.concurrent.CancellationException

class BenchmarkSessionTest {
    private val said = ArrayList<String>()
    private val session =
        BenchmarkSession(
            object : Desk {
                override fun begin(
                    effort: Effort,
                    run: String,
                ) {
                    said += "begin ${effort.title} $run"
                }

                override fun refuse(run: String) {
                    said += "refuse $run"
                }

                override fun running(isOn: Boolean) {
                    said += if (isOn) "on" else "off"
                }
            },
        )

    @Test
    fun aComputerStartsARunAndAnotherOneIsRefusedMeanwhile() {
        assertEquals(Effort.QUICK, session.told("quick", "adb-1", false))
        assertEquals(null, session.told("quick", "adb-2", false))
        session.ended()
        session.told("strict", "adb-3", false)

        assertEquals(
            listOf("on", "begin quick adb-1", "refuse adb-2", "off", "on", "begin strict adb-3"),
            said,
        )
    }

    @Test
    fun anUnknownEffortIsRefusedSoThatNobodyWaits() {
        session.told("heroic", "adb-1", false)
        session.told(null, "adb-2", false)

        assertEquals(listOf("refuse adb-1", "refuse adb-2"), said)
    }

    @Test
    fun anIntentOutOfTheListOfRecentAppsStartsNothing() {
        session.told("quick", "adb-1", true)
        session.told("quick", null, false)
        session.told("quick", "../adb", false)

        assertEquals(emptyList<String>(), said)
    }

    @Test
    fun leavingTheScreenCancelsAndTheNextRunIsNotCancelled() {
        session.tapped(Effort.QUICK, "run-1")
        assertFalse(session.isCancelled)
        session.left()
        assertTrue(session.isCancelled)
        session.ended()

        session.tapped(Effort.QUICK, "run-2")
        assertFalse(session.isCancelled)
    }

    @Test
    fun theButtonStopsWhatItStarted() {
        session.tapped(Effort.QUICK, "run-1")
        session.tapped(Effort.QUICK, "run-2")

        assertTrue(session.isCancelled)
        assertEquals(listOf("on", "begin quick run-1"), said)
    }

    private fun of(work: () -> Int): Pair<Outcome<Int>, List<String>> {
        val states = ArrayList<String>()
        return Pair(supervised("cancelled", { state, text -> states += "$state $text" }, work), states)
    }

    @Test
    fun whateverAWorkerThrowsIsAFailedRunAndTheAppLives() {
        val thrown =
            listOf(
                BadModel("damaged"),
                IOException("disk full"),
                IllegalStateException("odd"),
                OutOfMemoryError("large"),
                UnsatisfiedLinkError("no library"),
                NullPointerException(),
            )
        for (error in thrown) {
            val (outcome, states) = of { throw error }

            assertTrue("$error", outcome is Outcome.Failed)
            assertEquals(1, states.size)
            assertTrue(states[0], states[0].startsWith("failed "))
            assertTrue(states[0], error.message.orEmpty() in states[0])
        }
    }

    @Test
    fun aFinishedRunAndACancelledOneAreSaidToo() {
        val (done, said) = of { 5 }
        assertEquals(5, (done as Outcome.Done).value)
        assertEquals(listOf("done "), said)

        val (cancelled, states) = of { throw CancellationException() }
        assertTrue(cancelled is Outcome.Cancelled)
        assertEquals(listOf("failed cancelled"), states)
    }
}
