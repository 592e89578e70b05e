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
import ghostnet.core.Capture
import ghostnet.core.RawPlane
import ghostnet.core.YuvFrame
import ghostnet.core.yuvFrame
import java.util.concurrent.Executor

/** A camera's frame, while its image is open. */
fun frameOf(image: Image): YuvFrame = yuvFrame(image.width, image.height, image.planes.map(::RawImagePlane))

private class RawImagePlane(
    plane: Image.Plane,
) : RawPlane {
    override val buffer = plane.buffer
    override val rowStride = plane.rowStride
    override val pixelStride = plane.pixelStride
}

/** What a camera may have to say. */
interface CameraNews {
    fun frame(frame: YuvFrame)

    fun sizesRefused()

    fun lost() // another app took it, or it broke, or it was unplugged
}

/**
 * One open camera: its preview goes to a texture, and the newest frame, whenever the last one is done
 * with, to [news]. It is made, closed and called on one thread, [cameras]'; frames come on [frames]'.
 */
class Camera(
    private val lens: Lens,
    capture: Capture,
    texture: SurfaceTexture,
    private val cameras: Handler,
    private val frames: Handler,
    private val news: CameraNews,
) : AutoCloseable {
    private val preview: Surface
    private val reader =
        ImageReader.newInstance(capture.frame.width, capture.frame.height, ImageFormat.YUV_420_888, 2)
    private var device: CameraDevice? = null
    private var isClosed = false

    init {
        texture.setDefaultBufferSize(capture.preview.width, capture.preview.height)
        preview = Surface(texture)
        reader.setOnImageAvailableListener({
            it.acquireLatestImage()?.use { image ->
                news.frame(frameOf(image))
            }
        }, frames)
    }

    @SuppressLint("MissingPermission") // the screen asks before it comes here
    fun open(manager: CameraManager) = attempt { manager.openCamera(lens.id, Opening(), cameras) }

    /** The camera may still be on its way. */
    override fun close() {
        isClosed = true
        device?.close()
        device = null
        // After a frame that is being read: closing frees the memory under it.
        frames.post {
            reader.close()
            preview.release()
        }
    }

    private inner class Opening : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            if (isClosed) return camera.close()
            device = camera
            attempt { begin(camera) }
        }

        override fun onDisconnected(camera: CameraDevice) = lose()

        override fun onError(
            camera: CameraDevice,
            error: Int,
        ) = lose()
    }

    private fun lose() {
        if (!isClosed) news.lost()
    }

    private fun begin(camera: CameraDevice) {
        val outputs = listOf(preview, reader.surface).map(::OutputConfiguration)
        val executor = Executor { cameras.post(it) }
        val session =
            SessionConfiguration(SessionConfiguration.SESSION_REGULAR, outputs, executor, Streaming(camera))
        camera.createCaptureSession(session)
    }

    private inner class Streaming(
        private val camera: CameraDevice,
    ) : CameraCaptureSession.StateCallback() {
        override fun onConfigured(session: CameraCaptureSession) {
            if (isClosed) return
            attempt {
                val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
                request.addTarget(preview)
                request.addTarget(reader.surface)
                session.setRepeatingRequest(request.build(), null, cameras)
            }
        }

        override fun onConfigureFailed(session: CameraCaptureSession) {
            if (!isClosed) news.sizesRefused()
        }
    }

    /** A camera, or the permission for it, may leave between any two calls. */
    private fun attempt(act: () -> Unit) {
        try {
            act()
        } catch (_: CameraAccessException) {
            lose()
        } catch (_: IllegalStateException) {
            lose()
        } catch (_: IllegalArgumentException) {
            lose()
        } catch (_: SecurityException) {
            lose()
        }
    }
}
