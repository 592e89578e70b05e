import com.android.build.api.artifact.SingleArtifact

plugins {
    alias(libs.plugins.android.application)
}

android {
    namespace = "ghostnet.demo"
    compileSdk = 36
    buildToolsVersion = "36.0.0"
    ndkVersion = "28.2.13676358" // the library's

    defaultConfig {
        applicationId = "ghostnet.demo"
        minSdk = 29
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
        testInstrumentationRunner = "androidx.test.runner.AndroidJUnitRunner"
        ndk {
            // What LiteRT's library is built for.
            abiFilters += listOf("arm64-v8a", "x86_64")
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }

    buildTypes {
        release {
            isMinifyEnabled = false // 40 kB of our own code is not worth a rule for LiteRT's JNI
        }
        // What is measured: as it would be released, and installed without a key of one's own.
        create("measure") {
            initWith(getByName("release"))
            signingConfig = signingConfigs.getByName("debug")
            isDebuggable = false
            matchingFallbacks += "release"
        }
    }
}

dependencies {
    implementation(project(":library"))
    androidTestImplementation(libs.junit)
    androidTestImplementation(libs.androidx.runner)
}

// An app without models is of no use, and Gradle would build one without a word.
val checkAssets =
    tasks.register("checkAssets") {
        val models = layout.projectDirectory.dir("src/main/assets/models").asFile
        doLast {
            check(models.listFiles().orEmpty().any { it.extension == "tflite" }) {
                "There is no model in ${models.path}: run `make android-assets` in the project's root first."
            }
        }
    }

tasks.named("preBuild") {
    dependsOn(checkAssets)
}

/** Fails where a merged manifest asks for more than camera and microphone. A class: it must not hold this script. */
abstract class CheckPermissions : DefaultTask() {
    @get:InputFile
    abstract val manifest: RegularFileProperty

    @TaskAction
    fun look() {
        val foreign = foreignPermissions(manifest.get().asFile.readText())
        if (foreign.isNotEmpty()) throw GradleException("The app would ask for ${foreign.joinToString()}.")
    }

    fun foreignPermissions(manifest: String): List<String> =
        Regex("<uses-permission(?:-sdk-23)?\\s[^>]*?android:name=\"([^\"]+)\"")
            .findAll(manifest)
            .map { it.groupValues[1] }
            // The last is the app's own, which AndroidX makes to keep its receivers to itself.
            .filterNot {
                it == "android.permission.CAMERA" ||
                    it == "android.permission.RECORD_AUDIO" ||
                    it == "ghostnet.demo.DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION"
            }.toList()
}

// Whatever a library brings stands in the merged manifest alone.
androidComponents {
    onVariants { variant ->
        val name = variant.name.replaceFirstChar(Char::uppercase)
        val check =
            tasks.register<CheckPermissions>("check${name}Permissions") {
                manifest.set(variant.artifacts.get(SingleArtifact.MERGED_MANIFEST))
            }
        tasks.matching { it.name == "assemble$name" || it.name == "install$name" }.configureEach {
            dependsOn(check)
        }
    }
}
