package ghostnet.demo

import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraManager
import android.os.Handler
import android.os.HandlerThread
import ghostnet.core.Capture
import ghostnet.core.YuvFrame
import ghostnet.core.lensFor

/** A camera that was opened: how its picture stands, and whether there is another one. */
class Opened(
    val lens: Lens,
    val capture: Capture,
    val hasOther: Boolean,
)

/** Every call to the camera service, in order, on a thread of its own: each may take its time. */
class CameraThread(
    private val manager: CameraManager,
    private val frames: Handler,
    private val listener: Listener,
) : AutoCloseable {
    /** Called on this thread, frames on theirs. */
    interface Listener {
        fun opened(opened: Opened)

        fun frame(
            frame: YuvFrame,
            lens: Lens,
        )

        fun none()

        fun sizesRefused(attempts: Int)

        fun lost()
    }

    private val thread = HandlerThread("camera").apply { start() }
    private val handler = Handler(thread.looper)
    private var camera: Camera? = null // of this thread

    fun open(
        isFront: Boolean,
        attempt: Int,
        texture: SurfaceTexture,
    ) = handler.post { find(isFront, attempt, texture) }

    fun shut() =
        handler.post {
            camera?.close()
            camera = null
        }

    /** This thread ends, and after its last camera is closed that of the frames, which closing needs. */
    override fun close() {
        shut()
        handler.post { frames.looper.quitSafely() }
        thread.quitSafely()
    }

    private fun find(
        isFront: Boolean,
        attempt: Int,
        texture: SurfaceTexture,
    ) {
        val lenses =
            try {
                Lens.all(manager)
            } catch (_: CameraAccessException) {
                return listener.lost()
            }
        val lens = lensFor(lenses, isFront) { it.mount.isFront } ?: return listener.none()
        val capture = lens.captures[minOf(attempt, lens.captures.size - 1)]
        listener.opened(Opened(lens, capture, lenses.any { it.mount.isFront != lens.mount.isFront }))
        camera = Camera(lens, capture, texture, handler, frames, News(lens)).also { it.open(manager) }
    }

    private inner class News(
        private val lens: Lens,
    ) : CameraNews {
        override fun frame(frame: YuvFrame) = listener.frame(frame, lens)

        override fun sizesRefused() = listener.sizesRefused(lens.captures.size)

        override fun lost() = listener.lost()
    }
}
