package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Test

class ClassColoursTest {
    @Test
    fun coloursAreThoseOfPython() {
        val wanted = Goldens.lists("class_colours")

        assertEquals(300, wanted.size)
        for ((label, parts) in wanted.withIndex()) {
            val colour = classColour(label)
            assertEquals(
                "$label",
                listOf(255L) + parts,
                listOf(24, 16, 8, 0).map { (colour ushr it and 0xFF).toLong() },
            )
        }
    }
}
