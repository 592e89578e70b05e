package ghostnet.android

import android.graphics.Bitmap
import com.google.ai.edge.litert.Accelerator
import ghostnet.core.Artifact
import ghostnet.core.Corners
import ghostnet.core.Extent
import ghostnet.core.PixelClasses
import ghostnet.core.Record
import ghostnet.core.RgbImage
import ghostnet.core.Task
import ghostnet.core.pixelClasses
import java.io.File

/** What every pixel is of, and how long the network alone took to say so. */
class Outlines(
    val pixels: PixelClasses, // of what the network saw
    val seen: Corners, // where that is on the photo, in shares of its sides
    val names: List<String>, // of the classes
    val colours: List<Int>, // 0xAARRGGBB
    override val inferenceMs: Double,
) : Sight

/** From a photo to the class of each of its pixels. */
class Segmenter private constructor(
    record: Record,
    network: Network,
) : PhotoModel(record, network) {
    private val masks = checkNotNull(record.masks)

    fun outline(photo: Bitmap): Outlines = outline(rgb(photo))

    fun outline(photo: RgbImage): Outlines {
        val ran = ran(photo)
        val input = record.preprocessing.run { Extent(width, height) }
        val from = Extent(input.width / masks.stride, input.height / masks.stride)
        val pixels = pixelClasses(ran.outputs.single(), from, input)
        val seen = record.preprocessing.onPhoto(Corners(0.0, 0.0, 1.0, 1.0), photo.extent)
        return Outlines(pixels, seen, names, masks.colours, ran.ms)
    }

    override fun look(
        photo: RgbImage,
        count: Int,
    ): Outlines = outline(photo)

    companion object {
        /** As [networkOf] has it. */
        fun open(
            artifact: Artifact,
            file: File,
            wanted: Accelerator = Accelerator.CPU,
            ghostop: (() -> Artifact)? = null,
        ): Segmenter {
            artifact.record.mustBe(Task.SEGMENT)
            return Segmenter(artifact.record, networkOf(artifact.record, file, wanted, ghostop))
        }
    }
}
