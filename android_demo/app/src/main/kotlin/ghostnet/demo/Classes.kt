package ghostnet.demo

import android.app.Activity
import android.app.AlertDialog
import ghostnet.core.Record
import ghostnet.core.Task

/** What the network can say at all, in alphabetical order: whatever else a photo shows, it names one of these. */
fun showClasses(
    activity: Activity,
    record: Record,
) {
    val names = record.labels.sorted()
    val title =
        when (record.task) {
            Task.CLASSIFY -> R.plurals.classes
            Task.DETECT, Task.SEGMENT -> R.plurals.things
            Task.KEYWORDS -> R.plurals.words
        }
    AlertDialog
        .Builder(activity)
        .setTitle(activity.resources.getQuantityString(title, names.size, names.size))
        .setItems(names.toTypedArray(), null)
        .setPositiveButton(android.R.string.ok, null)
        .show()
}
