# As app.py, for Rack.
release = File.basename(File.realpath(__dir__))

run lambda { |env|
  sleep(env["QUERY_STRING"][/ms=(\d+)/, 1].to_i / 1000.0)
  body = "#{Process.pid} #{ENV.fetch('SUPERD_GENERATION', '0')} #{release}\n"
  [200, { "content-type" => "text/plain", "content-length" => body.bytesize.to_s }, [body]]
}
