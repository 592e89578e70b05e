package ghostnet.demo

import android.app.Activity
import android.app.AlertDialog

/** What the network can say at all: whatever else a photo shows, it says one of these. */
fun showClasses(
    activity: Activity,
    names: List<String>,
) {
    AlertDialog
        .Builder(activity)
        .setTitle(activity.resources.getQuantityString(R.plurals.classes, names.size, names.size))
        .setItems(names.toTypedArray(), null)
        .setPositiveButton(android.R.string.ok, null)
        .show()
}
