package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

class AnswerBoardTest {
    private val told = ArrayList<String>()
    private val rows = listOf("0", "1", "2")
    private val board = AnswerBoard(rows) { row, line -> told += "$row ${line?.name} ${line?.percent}" }

    private fun answers(vararg of: Pair<String, Double>) =
        of.mapIndexed { i, (name, share) -> Answer(i, name, share) }

    @Test
    fun theBestAnswerStandsInTheFirstRow() {
        board.show(answers("fox" to 0.7, "dog" to 0.2, "cat" to 0.054))

        assertEquals(listOf("0 fox 70", "1 dog 20", "2 cat 5"), told)
    }

    @Test
    fun aRowIsToldOnlyWhatChanges() {
        board.show(answers("fox" to 0.7, "dog" to 0.2, "cat" to 0.1))
        told.clear()

        board.show(answers("fox" to 0.701, "cat" to 0.2, "cat" to 0.1))
        assertEquals(listOf("1 cat 20"), told)
        told.clear()

        board.show(answers("fox" to 0.9))
        assertEquals(listOf("0 fox 90", "1 null null", "2 null null"), told)
        told.clear()

        board.clear()
        board.clear()
        assertEquals(listOf("0 null null"), told)
    }

    @Test
    fun aWeakBestAnswerIsNoAnswer() {
        assertTrue(isSure(answers("fox" to 0.4)))
        assertFalse(isSure(answers("fox" to 0.399)))
        assertFalse(isSure(emptyList()))
    }
}
