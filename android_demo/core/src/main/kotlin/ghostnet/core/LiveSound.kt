package ghostnet.core

/** What the screen that listens can do; each returns at once. */
interface SoundStage {
    fun openMicrophone()

    fun closeMicrophone()

    fun loadModel()

    fun closeModel()

    fun show(trouble: SoundTrouble?)
}

/** What stands in place of what is heard. */
enum class SoundTrouble {
    NOT_ASKED, // for the permission, yet: Android asks now
    REFUSED,
    NO_MICROPHONE,
    LOST, // it cannot be opened, it was unplugged, or it broke
    TAKEN, // by a call or by another app; it comes back by itself
    MODEL, // failed
}

/**
 * The life of the screen that listens. The microphone is open exactly while the screen is in front, may
 * use it, and it was not lost; the model is loaded exactly while the screen is in front and may use it.
 */
class LiveSound(
    private val stage: SoundStage,
) {
    private var isInFront = false
    private var permission = Permission.NOT_ASKED
    private var trouble: SoundTrouble? = null
    private var isOpen = false
    private var isLoaded = false

    fun resumed(now: Permission) {
        isInFront = true
        permission = now
        become(
            when (now) {
                Permission.GRANTED -> null
                Permission.NOT_ASKED -> SoundTrouble.NOT_ASKED
                Permission.REFUSED -> SoundTrouble.REFUSED
            },
        )
    }

    fun paused() {
        isInFront = false
        settle()
    }

    /** Another model, which may hear at another rate. */
    fun modelChanged() {
        if (!isLoaded) return
        close()
        stage.closeModel()
        stage.loadModel()
        settle()
    }

    /** Android gives silence in place of sound, or sound again. */
    fun taken(isTaken: Boolean) {
        if (isOpen &&
            isTaken != (trouble == SoundTrouble.TAKEN)
        ) {
            become(if (isTaken) SoundTrouble.TAKEN else null)
        }
    }

    fun lost() {
        if (isOpen) become(SoundTrouble.LOST)
    }

    fun noMicrophone() {
        if (isOpen) become(SoundTrouble.NO_MICROPHONE)
    }

    fun modelFailed() {
        if (isLoaded) become(SoundTrouble.MODEL)
    }

    /** Once more, after it was lost; and the model, too, which may have failed. */
    fun again() {
        if (!isInFront || permission != Permission.GRANTED) return
        trouble = null
        stage.show(null)
        modelChanged()
    }

    private fun become(now: SoundTrouble?) {
        trouble = now
        stage.show(now)
        settle()
    }

    private fun settle() {
        val mayUse = isInFront && permission == Permission.GRANTED
        if (mayUse != isLoaded) {
            isLoaded = mayUse
            if (mayUse) stage.loadModel() else stage.closeModel()
        }
        val isThere = trouble == null || trouble == SoundTrouble.TAKEN
        if (mayUse && isThere) open() else close()
    }

    private fun open() {
        if (isOpen) return
        isOpen = true
        stage.openMicrophone()
    }

    private fun close() {
        if (!isOpen) return
        isOpen = false
        stage.closeMicrophone()
    }
}
