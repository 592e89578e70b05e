package ghostnet.demo

import android.app.Activity
import ghostnet.android.Answers
import ghostnet.android.Finds
import ghostnet.android.Outlines
import ghostnet.android.Sight
import ghostnet.core.Extent
import ghostnet.core.Fit
import ghostnet.core.Mount
import ghostnet.core.linesOf

/** What a network says of a picture: in rows below it and, where it has places, over it. */
class SightBoard(
    activity: Activity,
    count: Int,
) {
    private val rows =
        AnswerRows(activity.findViewById(R.id.answers), activity.findViewById(R.id.not_sure), count)
    private val mask = activity.findViewById<MaskOver>(R.id.mask)
    private val boxes = activity.findViewById<BoxFrames>(R.id.boxes)

    fun clear() {
        rows.clear()
        clearPicture()
    }

    private fun clearPicture() {
        boxes.clear()
        mask.clear()
    }

    /** [fit]: how the picture lies in a view of a size; [mount]: of the camera that it came from. */
    fun show(
        sight: Sight,
        mount: Mount,
        fit: (Extent) -> Fit?,
    ) = when (sight) {
        is Answers -> {
            clearPicture()
            rows.show(sight.top)
        }

        is Outlines -> {
            clearPicture()
            rows.tell(linesOf(sight.pixels, sight.names, sight.colours), null)
            mask.show(sight, mount, fit)
        }

        is Finds -> {
            clearPicture()
            val doubt = if (sight.things.isEmpty()) R.string.nothing_found else null
            rows.tell(linesOf(sight.things, mount), doubt)
            boxes.show(sight.things, fit)
        }
    }
}
