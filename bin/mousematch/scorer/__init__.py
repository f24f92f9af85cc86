"""The scorer: one long-lived process that turns images into embeddings for all searches of a search head.

protocol     what goes over the socket
client       the search's side: images → embeddings                  (standard library and numpy only)
supervisor   starts the process when a search needs it               (standard library only)
server       the process: socket, idle exit, signals
app          its HTTP interface, TensorFlow Serving's REST API
serving      the models that it has loaded, with cache and batches
executors    what computes: LiteRT and MNN on the CPU, TensorFlow on the GPU
"""
