package ghostnet.android

import android.graphics.Bitmap
import com.google.ai.edge.litert.Accelerator
import ghostnet.core.Artifact
import ghostnet.core.Record
import ghostnet.core.RgbImage
import ghostnet.core.Task
import ghostnet.core.Thing
import ghostnet.core.things
import java.io.File

/** What lies on one photo and where, the surest first, and how long the network alone took to say so. */
class Finds(
    val things: List<Thing>,
    override val inferenceMs: Double,
) : Sight

/** From a photo to boxes with names. */
class Detector private constructor(
    record: Record,
    network: Network,
) : PhotoModel(record, network) {
    /** Corners are shares of the photo's sides. */
    fun find(photo: Bitmap): Finds = find(rgb(photo))

    fun find(photo: RgbImage): Finds {
        val ran = ran(photo)
        val (boxes, scores) = ran.outputs
        return Finds(things(boxes, scores, record, photo.extent), ran.ms)
    }

    override fun look(
        photo: RgbImage,
        count: Int,
    ): Finds = find(photo)

    companion object {
        /** As [networkOf] has it. */
        fun open(
            artifact: Artifact,
            file: File,
            wanted: Accelerator = Accelerator.CPU,
            ghostop: (() -> Artifact)? = null,
        ): Detector {
            artifact.record.mustBe(Task.DETECT)
            return Detector(artifact.record, networkOf(artifact.record, file, wanted, ghostop))
        }
    }
}
