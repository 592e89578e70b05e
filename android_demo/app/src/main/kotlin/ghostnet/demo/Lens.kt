package ghostnet.demo

import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraManager
import android.util.Size
import kotlin.math.abs

/** One of the phone's cameras, and the sizes in which it is used. */
class Lens private constructor(
    val id: String,
    val isFront: Boolean,
    val sensorDegrees: Int,
    val frame: Size, // what is classified
    val preview: Size, // what is shown; of the same shape
) {
    companion object {
        private const val FRAME_PIXELS = 640 * 480 // more would only be thrown away
        private const val PREVIEW_WIDTH = 1920

        /** The camera that looks to the front or the back; or, if there is none, any. */
        fun find(
            manager: CameraManager,
            isFront: Boolean,
        ): Lens? {
            val lenses = manager.cameraIdList.mapNotNull { of(it, manager.getCameraCharacteristics(it)) }
            return lenses.find { it.isFront == isFront } ?: lenses.firstOrNull()
        }

        private fun of(
            id: String,
            facts: CameraCharacteristics,
        ): Lens? {
            val streams = facts[CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP] ?: return null
            val frames = streams.getOutputSizes(ImageFormat.YUV_420_888) ?: return null
            val previews = streams.getOutputSizes(SurfaceTexture::class.java) ?: return null
            val frame = frames.minByOrNull { abs(it.width * it.height - FRAME_PIXELS) } ?: return null
            val preview =
                previews
                    .filter { it.width * frame.height == it.height * frame.width }
                    .filter { it.width <= PREVIEW_WIDTH }
                    .maxByOrNull { it.width } ?: frame
            return Lens(
                id,
                facts[CameraCharacteristics.LENS_FACING] == CameraCharacteristics.LENS_FACING_FRONT,
                facts[CameraCharacteristics.SENSOR_ORIENTATION] ?: 0,
                frame,
                preview,
            )
        }
    }
}
