package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Test

class LiveSoundTest {
    private val said = ArrayList<String>()
    private val live =
        LiveSound(
            object : SoundStage {
                override fun openMicrophone() {
                    said += "open"
                }

                override fun closeMicrophone() {
                    said += "close"
                }

                override fun loadModel() {
                    said += "load"
                }

                override fun closeModel() {
                    said += "unload"
                }

                override fun show(trouble: SoundTrouble?) {
                    said += "$trouble"
                }
            },
        )

    private fun told(): List<String> = said.toList().also { said.clear() }

    private fun running() {
        live.resumed(Permission.GRANTED)
        told()
    }

    @Test
    fun leavingClosesTheMicrophoneAndTheModelAndComingBackOpensThem() {
        live.resumed(Permission.GRANTED)
        assertEquals(listOf("null", "load", "open"), told())
        live.paused()
        assertEquals(listOf("unload", "close"), told())
        live.lost()
        live.taken(true)
        live.modelChanged()
        live.again()
        assertEquals(emptyList<String>(), told())
        live.resumed(Permission.GRANTED)
        assertEquals(listOf("null", "load", "open"), told())
    }

    @Test
    fun withoutPermissionNothingIsOpened() {
        live.resumed(Permission.NOT_ASKED)
        live.paused()
        live.resumed(Permission.REFUSED)
        live.again()
        live.modelChanged()

        assertEquals(listOf("NOT_ASKED", "REFUSED"), told())
    }

    @Test
    fun anotherModelMayHearAtAnotherRate() {
        running()
        live.modelChanged()

        assertEquals(listOf("close", "unload", "load", "open"), told())
    }

    @Test
    fun aLostMicrophoneWaitsForThePerson() {
        running()
        live.lost()
        live.lost()
        assertEquals(listOf("LOST", "close"), told())
        live.again()
        assertEquals(listOf("null", "unload", "load", "open"), told())
        live.noMicrophone()
        assertEquals(listOf("NO_MICROPHONE", "close"), told())
    }

    @Test
    fun aModelThatFailsLetsTheMicrophoneGo() {
        running()
        live.modelFailed()
        assertEquals(listOf("MODEL", "close"), told())
        live.again()
        assertEquals(listOf("null", "unload", "load", "open"), told())
        live.paused()
        told()
        live.modelFailed()
        assertEquals(emptyList<String>(), told())
    }

    @Test
    fun aCallThatTakesItGivesItBack() {
        running()
        live.taken(false)
        assertEquals(emptyList<String>(), told())
        live.taken(true)
        live.taken(true)
        live.taken(false)

        assertEquals(listOf("TAKEN", "null"), told())
        live.lost()
        live.taken(false)
        assertEquals(listOf("LOST", "close"), told())
    }
}
