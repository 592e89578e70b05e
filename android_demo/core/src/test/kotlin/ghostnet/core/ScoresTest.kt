package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Test

class ScoresTest {
    @Test
    fun answersAndProbabilitiesAreThoseOfPython() {
        for (case in Goldens.cases("scores")) {
            val outputs = case.numbers("outputs").map { it.toFloat() }.toFloatArray()
            val labels = (0 until case.whole("labels")).map { "class $it" }
            val scores = Scores.valueOf(case.text("scores").uppercase())
            val probabilities = case.numbers("probabilities")

            val top = topAnswers(outputs, labels, scores, 5)

            assertEquals(case.numbers("top").map { it.toInt() }, top.map { it.index })
            top.forEachIndexed { i, it -> assertEquals(probabilities[i], it.probability, 1e-12) }
        }
    }

    @Test(expected = IllegalArgumentException::class)
    fun aLabelTooFewIsRefused() {
        topAnswers(floatArrayOf(1f, 2f), listOf("cat"), Scores.LOGITS, 1)
    }
}
