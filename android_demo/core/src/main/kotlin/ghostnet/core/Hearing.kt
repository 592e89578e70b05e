package ghostnet.core

/** What a record says of how its network hears; what becomes of the samples is in the file itself. */
class Hearing(
    val rate: Int, // samples a second
    val length: Int, // samples that it hears at once
    val smoothing: SmoothingRules,
) {
    init {
        require(rate in 8_000..48_000 && length in 1_000..480_000) {
            "$length samples at $rate a second are no sound"
        }
    }
}

/**
 * The rates to ask a microphone for, one after the other, until it agrees: the network's own, then those
 * that lose nothing, the nearest first, then the others. Every phone has 44,100.
 */
fun microphoneRates(wanted: Int): List<Int> {
    val (above, below) = RATES.filter { it != wanted }.partition { it > wanted }
    return listOf(wanted) + above + below.reversed()
}

private val RATES = listOf(8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000)

/** What is to be heard next. */
class Window(
    val samples: FloatArray, // (length,) at the network's rate, full scale is -1 to 1
    val seconds: Double, // of sound, up to its end
    val isMute: Boolean, // every sample is zero, which no microphone gives that is on
)

/**
 * The newest sound of one microphone, and when the network shall hear it again: each quarter of a second,
 * or as fast as it can. One thread brings samples, another one takes windows.
 */
class LastSound(
    private val hearing: Hearing,
    private val rate: Int, // of the microphone
) {
    private val resampling = Resampling(rate, hearing.rate)
    private val step = rate / WINDOWS_A_SECOND

    // As much more than a window as the filter reaches back.
    private val kept = ShortArray(resampling.needed(hearing.length))
    private var came = 0L // samples so far
    private var taken = 0L // of these, when the last window was

    val isDue: Boolean
        @Synchronized get() = came - taken >= step

    @Synchronized
    fun heard(
        samples: ShortArray,
        count: Int,
    ) {
        for (i in 0 until count) kept[((came + i) % kept.size).toInt()] = samples[i]
        came += count
    }

    /** Before the first second is over, silence stands for what was not heard. */
    fun window(): Window {
        val (newest, until) = newest()
        val samples = resampling.of(newest)
        val window = samples.copyOfRange(samples.size - hearing.length, samples.size)
        return Window(window, until.toDouble() / rate, newest.all { it == 0f })
    }

    @Synchronized
    private fun newest(): Pair<FloatArray, Long> {
        taken = came
        val first = came - kept.size
        val samples =
            FloatArray(kept.size) { i ->
                val at = first + i
                if (at < 0) 0f else kept[(at % kept.size).toInt()] / FULL_SCALE
            }
        return Pair(samples, came)
    }

    private companion object {
        const val WINDOWS_A_SECOND = 4
        const val FULL_SCALE = 32768f
    }
}
