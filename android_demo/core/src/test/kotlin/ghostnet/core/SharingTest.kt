package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class SharingTest {
    @Test
    fun aRunIsFoundByTheNameOfItsFile() {
        assertEquals("run-12", Sharing.run(listOf("run-12.json"), "r"))
    }

    @Test
    fun nothingElseIsHandedOut() {
        for (segments in listOf(
            emptyList(),
            listOf("run-12"),
            listOf("run-12.state"),
            listOf("..", "run-12.json"),
            listOf("../run-12.json"),
            listOf("a/b.json"),
            listOf(".json"),
            listOf("x".repeat(65) + ".json"),
        )) {
            assertNull("$segments", Sharing.run(segments, "r"))
        }
    }

    @Test
    fun nothingIsHandedOutToBeWritten() {
        for (mode in listOf("w", "rw", "rwt", "wa", "")) {
            assertNull(mode, Sharing.run(listOf("run-12.json"), mode))
        }
    }
}
