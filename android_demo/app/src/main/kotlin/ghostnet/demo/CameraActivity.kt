package ghostnet.demo

import android.Manifest
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraManager
import android.net.Uri
import android.os.Bundle
import android.os.Handler
import android.os.HandlerThread
import android.provider.Settings
import android.view.TextureView
import android.view.View
import android.widget.TextView
import ghostnet.core.BadModel
import ghostnet.core.YuvFrame
import ghostnet.core.uprightTurn

/** What the camera sees, named live. */
class CameraActivity : Screen(R.layout.camera, R.id.to_camera) {
    private lateinit var preview: TextureView
    private lateinit var times: TextView
    private lateinit var rows: AnswerRows
    private var chooser: ModelChooser? = null

    private var isFront = false
    private var wasAsked = false // for the permission, since this screen was opened
    private var lens: Lens? = null
    private var camera: Camera? = null
    private var worker: HandlerThread? = null

    // Of the worker's thread alone.
    private var classifier: Classifier? = null
    private var lastFrameNs = 0L

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        preview = findViewById(R.id.preview)
        times = findViewById(R.id.times)
        rows = AnswerRows(findViewById(R.id.answers), TOP)
        isFront = state?.getBoolean("front") ?: false
        wasAsked = state?.getBoolean("asked") ?: false
        preview.surfaceTextureListener = Texture()
        findViewById<View>(R.id.turn).setOnClickListener {
            isFront = !isFront
            restart()
        }
        try {
            chooser = ModelChooser(this, ModelAssets(this), ::restart)
        } catch (error: BadModel) {
            showProblem(error.message.orEmpty())
        }
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putBoolean("front", isFront)
        state.putBoolean("asked", wasAsked)
    }

    override fun onResume() {
        super.onResume()
        if (chooser == null) return
        if (checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED) {
            start()
        } else if (wasAsked) {
            explainPermission()
        } else {
            ask()
        }
    }

    override fun onPause() {
        stop()
        super.onPause()
    }

    private fun ask() {
        wasAsked = true
        requestPermissions(arrayOf(Manifest.permission.CAMERA), 0)
    }

    /** Android shows its question twice at most; after that only its settings help. */
    private fun explainPermission() {
        val text = getString(R.string.no_permission)
        if (shouldShowRequestPermissionRationale(Manifest.permission.CAMERA)) {
            showProblem(text, R.string.allow, ::ask)
        } else {
            showProblem(text, R.string.open_settings) {
                val own = Uri.fromParts("package", packageName, null)
                startActivity(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, own))
            }
        }
    }

    private fun restart() {
        if (worker == null) return
        stop()
        start()
    }

    private fun start() {
        hideProblem()
        rows.clear()
        times.text = getString(R.string.loading)
        val thread = HandlerThread("camera").also { it.start() }
        worker = thread
        Handler(thread.looper).post(::openClassifier)
        preview.surfaceTexture?.let(::openCamera)
    }

    private fun stop() {
        camera?.close()
        camera = null
        val thread = worker ?: return
        worker = null
        Handler(thread.looper).post {
            classifier?.close()
            classifier = null
        }
        thread.quitSafely()
        // The next model must not be loaded while this one is still in use.
        thread.join()
    }

    private fun openClassifier() {
        try {
            classifier = chooser?.open()
            lastFrameNs = 0
        } catch (error: BadModel) {
            runOnUiThread { showProblem(error.message.orEmpty()) }
        }
    }

    private fun openCamera(texture: SurfaceTexture) {
        val thread = worker ?: return
        val manager = getSystemService(CameraManager::class.java)
        try {
            val found = Lens.find(manager, isFront) ?: return showProblem(getString(R.string.no_camera))
            lens = found
            preview.show(found, displayDegrees())
            camera =
                Camera(found, texture, Handler(thread.looper), ::classify, ::lost).also { it.open(manager) }
        } catch (_: CameraAccessException) {
            lost()
        }
    }

    private fun lost() =
        runOnUiThread { showProblem(getString(R.string.camera_lost), R.string.again, ::restart) }

    private fun classify(frame: YuvFrame) {
        val ready = classifier ?: return
        val from = lens ?: return
        val upright = frame.toRgb(uprightTurn(from.sensorDegrees, displayDegrees(), from.isFront))
        val answers =
            try {
                ready.classify(upright, TOP)
            } catch (error: BadModel) {
                classifier = null // the next frames need not fail as well
                ready.close()
                runOnUiThread { showProblem(error.message.orEmpty(), R.string.again, ::restart) }
                return
            }
        val now = System.nanoTime()
        val frameMs = if (lastFrameNs == 0L) 0.0 else (now - lastFrameNs) / 1e6
        lastFrameNs = now
        runOnUiThread {
            preview.show(from, displayDegrees()) // a half turn of the phone is told to nobody
            rows.show(answers.top)
            times.text = getString(R.string.times, answers.inferenceMs, frameMs, ready.accelerator)
        }
    }

    /** 0, 90, 180 or 270: how far the phone is turned from its natural orientation. */
    @Suppress("DEPRECATION") // its successor needs Android 11
    private fun displayDegrees(): Int = windowManager.defaultDisplay.rotation * 90

    private inner class Texture : TextureView.SurfaceTextureListener {
        override fun onSurfaceTextureAvailable(
            texture: SurfaceTexture,
            width: Int,
            height: Int,
        ) = openCamera(texture)

        override fun onSurfaceTextureSizeChanged(
            texture: SurfaceTexture,
            width: Int,
            height: Int,
        ) {
            lens?.let { preview.show(it, displayDegrees()) }
        }

        override fun onSurfaceTextureDestroyed(texture: SurfaceTexture): Boolean = true

        override fun onSurfaceTextureUpdated(texture: SurfaceTexture) = Unit
    }

    private companion object {
        const val TOP = 3
    }
}
