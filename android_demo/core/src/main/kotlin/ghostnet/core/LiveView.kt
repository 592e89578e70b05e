package ghostnet.core

/** What the camera's screen can do; each is asked for on the screen's own thread, and returns at once. */
interface Stage {
    /** With the [attempt]th of the sizes that this camera may take. */
    fun openCamera(
        isFront: Boolean,
        attempt: Int,
    )

    fun closeCamera()

    fun loadModel()

    fun closeModel()

    fun show(trouble: Trouble?)
}

/** What stands in place of the picture. */
enum class Trouble {
    NOT_ASKED, // for the permission, yet: Android asks now
    REFUSED,
    NO_CAMERA,
    LOST, // another app took it, or it was unplugged, or it broke
}

enum class Permission { GRANTED, NOT_ASKED, REFUSED }

/**
 * The life of the live view. The camera is open exactly while the screen is in front, may use it, has a
 * surface to show it on, and it was not lost; the model is loaded exactly while the screen is in front and
 * may use the camera. The preview comes first: the camera is opened before the model is loaded.
 */
class LiveView(
    private val stage: Stage,
    isFront: Boolean = false,
) {
    var isFront = isFront
        private set
    private var isInFront = false
    private var permission = Permission.NOT_ASKED
    private var hasSurface = false
    private var trouble: Trouble? = null
    private var attempt = 0
    private var isOpen = false
    private var isLoaded = false

    fun resumed(now: Permission) {
        isInFront = true
        permission = now
        attempt = 0
        become(
            when (now) {
                Permission.GRANTED -> null
                Permission.NOT_ASKED -> Trouble.NOT_ASKED
                Permission.REFUSED -> Trouble.REFUSED
            },
        )
    }

    fun paused() {
        isInFront = false
        settle()
    }

    fun surfaceCame() {
        hasSurface = true
        settle()
    }

    fun surfaceWent() {
        hasSurface = false
        settle()
    }

    /** The other camera; the model stays. */
    fun switched() {
        isFront = !isFront
        reopen()
    }

    /** Another model; the camera stays. */
    fun modelChanged() {
        if (!isLoaded) return
        stage.closeModel()
        stage.loadModel()
    }

    /** The camera refuses these sizes. */
    fun sizesRefused(attempts: Int) {
        if (!isOpen) return
        if (attempt + 1 < attempts) {
            close()
            attempt++
            settle()
        } else {
            lost()
        }
    }

    fun lost() {
        if (isOpen) become(Trouble.LOST)
    }

    fun noCamera() {
        if (isOpen) become(Trouble.NO_CAMERA)
    }

    /** Once more, after it was lost; and the model, too, which may have failed. */
    fun again() {
        if (!isInFront || permission != Permission.GRANTED) return
        modelChanged()
        reopen()
    }

    private fun reopen() {
        close()
        attempt = 0
        if (isInFront && permission == Permission.GRANTED) become(null)
    }

    private fun become(now: Trouble?) {
        trouble = now
        stage.show(now)
        settle()
    }

    private fun settle() {
        val mayUse = isInFront && permission == Permission.GRANTED
        if (mayUse && hasSurface && trouble == null) open() else close()
        if (mayUse == isLoaded) return
        isLoaded = mayUse
        if (mayUse) stage.loadModel() else stage.closeModel()
    }

    private fun open() {
        if (isOpen) return
        isOpen = true
        stage.openCamera(isFront, attempt)
    }

    private fun close() {
        if (!isOpen) return
        isOpen = false
        stage.closeCamera()
    }
}

/**
 * Which frames are worth the work: those that come while a model is there. Of one thread; a frame that
 * comes while another is worked on waits for it there, and only the newest of them does.
 */
class FrameGate<M : Any> {
    private var model: M? = null
    private var lastNs = 0L

    fun opened(model: M) {
        this.model = model
        lastNs = 0L
    }

    /** The model that must be closed now, if there is one. */
    fun closed(): M? = model.also { model = null }

    /** [work] with the model and the ms since the last frame, 0 for the first; nothing without a model. */
    fun frame(
        nowNs: Long,
        work: (M, Double) -> Unit,
    ) {
        val ready = model ?: return
        val ms = if (lastNs == 0L) 0.0 else (nowNs - lastNs) / 1e6
        lastNs = nowNs
        work(ready, ms)
    }
}
