using ClusterSession.MacroBenchmarks;
using ClusterSession.MacroBenchmarks.Application;

// app VARIANT KEY-DIRECTORY [REDIS]    the application that is measured; started by the other mode
// run ...                              measures
try
{
    switch (args)
    {
        case ["app", var variant, var keys]:
            return await BenchmarkApplication.RunAsync(variant, null, keys);
        case ["app", var variant, var keys, var redis]:
            return await BenchmarkApplication.RunAsync(variant, redis, keys);
        case ["run", .. var rest]:
            var command = Environment.GetEnvironmentVariable("BENCHMARK_COMMAND") ?? "run " + string.Join(' ', rest);
            await new Benchmark(BenchmarkOptions.Parse(rest), command).RunAsync();
            return 0;
        default:
            Console.Error.WriteLine(BenchmarkOptions.Usage);
            return 2;
    }
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
