package ghostnet.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Test

class SmoothingTest {
    @Test
    fun whatIsAnnouncedIsWhatPythonAnnouncesAndTheMeansAreItsToTheLastBit() {
        for (case in Goldens.cases("smoothing")) {
            val labels = case.texts("labels")
            val rules = SmoothingRules(case.number("seconds"), case.number("score"), case.number("rest"))
            val smoothing = Smoothing(labels, rules)
            val probabilities = Goldens.doubles(case.text("probabilities")).toList().chunked(labels.size)
            val means = ArrayList<Double>()

            val announced =
                Goldens.doubles(case.text("times")).mapIndexed { i, t ->
                    val label = smoothing.heard(probabilities[i].toDoubleArray(), t)
                    means += smoothing.means.toList()
                    (label ?: -1).toLong()
                }

            assertEquals(case.list("announced"), announced)
            val wanted = Goldens.doubles(case.text("means")).map { it.toRawBits() }
            assertArrayEquals(wanted.toLongArray(), means.map { it.toRawBits() }.toLongArray())
        }
    }

    @Test
    fun anAnswerThatIsNoNumberIsNone() {
        val smoothing = Smoothing(listOf("yes", "no"))

        assertEquals(null, smoothing.heard(doubleArrayOf(Double.NaN, 1.0), 0.0))
        assertEquals(1, smoothing.heard(doubleArrayOf(0.2, 0.8), 0.1))
    }
}
