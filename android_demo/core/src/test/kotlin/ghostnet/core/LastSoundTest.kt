package ghostnet.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

class LastSoundTest {
    private val hearing = Hearing(8_000, 1_000, SmoothingRules())

    /** 1, 2, 3 ... in pieces, as a microphone brings them. */
    private fun LastSound.count(
        from: Int,
        until: Int,
        piece: Int,
    ) = (from until until).chunked(piece).forEach { some ->
        heard(some.map { it.toShort() }.toShortArray() + ShortArray(7) { -1 }, some.size)
    }

    @Test
    fun aWindowIsTheNewestSoundInItsOrderHoweverItCame() {
        for (piece in listOf(1, 160, 999, 1_000, 2_600)) {
            val sound = LastSound(hearing, 8_000)
            sound.count(1, 2_501, piece)

            val window = sound.window()

            assertEquals(1_501 / 32768f, window.samples.first(), 0f)
            assertEquals(2_500 / 32768f, window.samples.last(), 0f)
            assertEquals(1_000, window.samples.size)
            assertEquals(0.3125, window.seconds, 0.0)
        }
    }

    @Test
    fun whatWasNotHeardYetIsSilence() {
        val sound = LastSound(hearing, 8_000)
        assertTrue(sound.window().isMute)

        sound.count(1, 11, 10)

        val window = sound.window()
        assertEquals(List(990) { 0f } + List(10) { (it + 1) / 32768f }, window.samples.toList())
        assertFalse(window.isMute)
    }

    @Test
    fun aWindowIsDueEveryQuarterOfASecond() {
        val sound = LastSound(hearing, 8_000)
        val due =
            (0 until 10).map {
                sound
                    .count(
                        0,
                        500,
                        500,
                    ).run { sound.isDue }
                    .also { if (it) sound.window() }
            }

        assertEquals(List(10) { it % 4 == 3 }, due)
    }

    @Test
    fun aMicrophoneOfAnotherRateIsHeardAtTheNetworks() {
        // A tone of 440 Hz at 44,100 samples a second is the same tone at 8,000.
        val sound = LastSound(hearing, 44_100)
        val tone =
            ShortArray(44_100) { (16384 * Math.sin(2 * Math.PI * 440 * it / 44_100)).toInt().toShort() }
        sound.heard(tone, tone.size)

        val samples = sound.window().samples
        val inner = samples.copyOfRange(0, 900) // the last ones lack what comes after
        // The newest sample is at or just before the end, at a whole multiple of both.
        val last = Math.floorDiv(44_099L * 80, 441L).let { it / 8_000.0 }
        val best =
            (-20..20).minOf { shift ->
                inner.indices.maxOf {
                    val t = last - (999 - it) / 8_000.0 + shift / 44_100.0
                    Math.abs(inner[it] - 0.5 * Math.sin(2 * Math.PI * 440 * t))
                }
            }
        assertEquals(1_000, samples.size)
        assertTrue("$best", best < 0.02)
    }

    @Test
    fun resampledIsWhatPythonMakesOfIt() {
        for (case in Goldens.cases("resampling")) {
            val (from, to) = Pair(case.whole("from").toInt(), case.whole("to").toInt())
            val samples = Goldens.noise(400, 7).map { it / 128f }.toFloatArray()

            val found = Resampling(from, to).of(samples)

            val wanted = Goldens.floats(case.text("samples"))
            assertArrayEquals("$from $to", wanted, found, 2e-6f)
        }
    }

    @Test
    fun theNetworksRateIsAskedForFirstAndThenTheNearestThatLosesNothing() {
        assertEquals(listOf(16_000, 22_050, 32_000, 44_100, 48_000, 11_025, 8_000), microphoneRates(16_000))
        assertEquals(listOf(12_000, 16_000), microphoneRates(12_000).take(2))
        assertEquals(44_100, microphoneRates(48_000)[1])
    }
}
