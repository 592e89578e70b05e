package ghostnet.demo

import android.annotation.SuppressLint
import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.params.OutputConfiguration
import android.hardware.camera2.params.SessionConfiguration
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import android.view.Surface
import ghostnet.core.Plane
import ghostnet.core.YuvFrame
import java.util.concurrent.Executor

/**
 * One open camera: its preview goes to a texture, and the newest frame, whenever the last one is
 * done with, to [onFrame]. All callbacks come on the [handler]'s thread.
 */
class Camera(
    private val lens: Lens,
    texture: SurfaceTexture,
    private val handler: Handler,
    private val onFrame: (YuvFrame) -> Unit,
    private val onLost: () -> Unit, // another app took it, or it broke
) : AutoCloseable {
    private val preview: Surface
    private val reader =
        ImageReader.newInstance(
            lens.frame.width,
            lens.frame.height,
            ImageFormat.YUV_420_888,
            2,
        )
    private var device: CameraDevice? = null
    private var isClosed = false

    init {
        texture.setDefaultBufferSize(lens.preview.width, lens.preview.height)
        preview = Surface(texture)
        reader.setOnImageAvailableListener({ it.acquireLatestImage()?.use(::deliver) }, handler)
    }

    @SuppressLint("MissingPermission") // the screen asks before it comes here
    fun open(manager: CameraManager) = manager.openCamera(lens.id, Opening(), handler)

    /** On any thread, while the handler's is alive; the camera may still be on its way. */
    override fun close() {
        synchronized(this) {
            isClosed = true
            device?.close()
            device = null
        }
        // After a frame that is being read: closing frees the memory under it.
        handler.post {
            reader.close()
            preview.release()
        }
    }

    private fun deliver(image: Image) {
        val (y, u, v) = image.planes.map { Plane(it.buffer, it.rowStride, it.pixelStride) }
        onFrame(YuvFrame(image.width, image.height, y, u, v))
    }

    private inner class Opening : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            synchronized(this@Camera) {
                if (isClosed) return camera.close()
                device = camera
                attempt { begin(camera) }
            }
        }

        override fun onDisconnected(camera: CameraDevice) = lose(camera)

        override fun onError(
            camera: CameraDevice,
            error: Int,
        ) = lose(camera)

        private fun lose(camera: CameraDevice) {
            camera.close()
            onLost()
        }
    }

    private fun begin(camera: CameraDevice) {
        val outputs = listOf(preview, reader.surface).map(::OutputConfiguration)
        val executor = Executor { handler.post(it) }
        val session =
            SessionConfiguration(SessionConfiguration.SESSION_REGULAR, outputs, executor, Streaming(camera))
        camera.createCaptureSession(session)
    }

    private inner class Streaming(
        private val camera: CameraDevice,
    ) : CameraCaptureSession.StateCallback() {
        override fun onConfigured(session: CameraCaptureSession) {
            synchronized(this@Camera) {
                if (isClosed) return
                attempt {
                    val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
                    request.addTarget(preview)
                    request.addTarget(reader.surface)
                    session.setRepeatingRequest(request.build(), null, handler)
                }
            }
        }

        override fun onConfigureFailed(session: CameraCaptureSession) = onLost()
    }

    /** A camera may leave between any two calls. */
    private fun attempt(act: () -> Unit) {
        try {
            act()
        } catch (_: CameraAccessException) {
            onLost()
        } catch (_: IllegalStateException) {
            onLost()
        }
    }
}
