package ghostnet.demo

import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraManager
import android.hardware.camera2.params.StreamConfigurationMap
import android.util.Size
import ghostnet.core.Capture
import ghostnet.core.Extent
import ghostnet.core.Mount
import ghostnet.core.captures

/** One of the phone's cameras, and the sizes in which it may be asked for its picture. */
class Lens private constructor(
    val id: String,
    val mount: Mount,
    val captures: List<Capture>, // the best first
) {
    companion object {
        /** Slow: it asks the camera service. One that is unplugged meanwhile is left out. */
        fun all(manager: CameraManager): List<Lens> = manager.cameraIdList.mapNotNull { of(manager, it) }

        private fun of(
            manager: CameraManager,
            id: String,
        ): Lens? {
            val facts =
                try {
                    manager.getCameraCharacteristics(id)
                } catch (_: CameraAccessException) {
                    return null
                } catch (_: IllegalArgumentException) {
                    return null
                }
            val streams = facts[CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP] ?: return null
            val mount =
                Mount(
                    facts[CameraCharacteristics.SENSOR_ORIENTATION] ?: 0,
                    facts[CameraCharacteristics.LENS_FACING] == CameraCharacteristics.LENS_FACING_FRONT,
                )
            val found = sizes(streams)
            return if (found.isEmpty()) null else Lens(id, mount, found)
        }

        private fun sizes(streams: StreamConfigurationMap): List<Capture> {
            val frames = streams.getOutputSizes(ImageFormat.YUV_420_888).orEmpty()
            val previews = streams.getOutputSizes(SurfaceTexture::class.java).orEmpty()
            return captures(frames.map(::extent), previews.map(::extent))
        }

        private fun extent(size: Size) = Extent(size.width, size.height)
    }
}
