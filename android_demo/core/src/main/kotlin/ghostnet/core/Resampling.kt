package ghostnet.core

import kotlin.math.PI
import kotlin.math.ceil
import kotlin.math.sin
import kotlin.math.sqrt

/**
 * A sound at another rate, without what that rate cannot carry: `Sound.at` of
 * `ghostnet_tf/data/sound.py`, which is SciPy's resample_poly under a Kaiser window.
 */
class Resampling(
    from: Int, // samples a second
    to: Int,
) {
    private val shared = gcd(from, to)
    private val up = to / shared
    private val down = from / shared
    private val half = REACH * maxOf(up, down)

    /** (2 half + 1,): a low-pass at the lower of both rates, for samples with up - 1 zeros between. */
    private val filter = if (up == down) doubleArrayOf(1.0) else lowPass(half, maxOf(up, down), up)

    /** Samples of which [length] come out, none of them too near to the first. */
    fun needed(length: Int): Int =
        if (up == down) length else ceil((length.toDouble() * down + half) / up).toInt()

    fun of(samples: FloatArray): FloatArray {
        if (up == down) return samples
        val size = (samples.size.toLong() * up + down - 1) / down
        return FloatArray(size.toInt()) { at(samples, it.toLong() * down) }
    }

    /** At a place that is counted in steps of which `up` are a sample. */
    private fun at(
        samples: FloatArray,
        place: Long,
    ): Float {
        val first = maxOf(0L, Math.floorDiv(place - half + up - 1, up.toLong())).toInt()
        val last = minOf(samples.size - 1L, Math.floorDiv(place + half, up.toLong())).toInt()
        var sum = 0.0
        for (i in first..last) sum += samples[i] * filter[(half + place - i.toLong() * up).toInt()]
        return sum.toFloat()
    }

    private companion object {
        const val REACH = 10 // samples of the lower rate, to both sides
        const val BETA = 5.0 // of the window

        tailrec fun gcd(
            a: Int,
            b: Int,
        ): Int = if (b == 0) a else gcd(b, a % b)

        fun lowPass(
            half: Int,
            most: Int,
            up: Int,
        ): DoubleArray {
            val taps =
                DoubleArray(2 * half + 1) {
                    val x = (it - half).toDouble() / most
                    val sinc = if (x == 0.0) 1.0 else sin(PI * x) / (PI * x)
                    val share = (it - half).toDouble() / half
                    sinc * bessel(BETA * sqrt(1 - share * share))
                }
            val sum = taps.sum()
            return DoubleArray(taps.size) { taps[it] * up / sum }
        }

        /** The modified Bessel function of order 0, by its power series. */
        fun bessel(x: Double): Double {
            var (sum, term) = Pair(1.0, 1.0)
            for (k in 1..TERMS) {
                term *= (x / 2 / k) * (x / 2 / k)
                sum += term
            }
            return sum
        }

        const val TERMS = 30 // of x up to 5: the last is below 1e-40
    }
}
