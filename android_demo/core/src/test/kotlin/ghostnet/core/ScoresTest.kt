package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Test

class ScoresTest {
    @Test
    fun answersAndProbabilitiesAreThoseOfPython() {
        for (case in Goldens.cases("scores")) {
            val logits = case.numbers("logits").map { it.toFloat() }.toFloatArray()
            val probabilities = case.numbers("probabilities")

            val top = topAnswers(logits, logits.indices.map { "class $it" }, 5)

            assertEquals(case.numbers("top").map { it.toInt() }, top.map { it.index })
            top.forEachIndexed { i, it -> assertEquals(probabilities[i], it.probability, 1e-12) }
        }
    }

    @Test(expected = IllegalArgumentException::class)
    fun aLabelTooFewIsRefused() {
        topAnswers(floatArrayOf(1f, 2f), listOf("cat"), 1)
    }
}
