using System.Security.Claims;
using ClusterSession;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Mvc.Controllers;

/// <summary>Log in, get more rights, log out.</summary>
public sealed class AccountController : Controller
{
    /// <summary>The form.</summary>
    [HttpGet]
    public IActionResult Login() => View();

    /// <summary>
    /// SignInAsync gives the session another id in the same response. What is in it stays.
    /// </summary>
    [HttpPost]
    public async Task<IActionResult> Login(string name, string password)
    {
        // In place of a database of users.
        if (password != $"secret of {name}")
        {
            TempData["message"] = "Wrong name or password";
            return RedirectToAction(nameof(Login));
        }

        Claim[] claims = [new(ClaimTypes.NameIdentifier, name), new(ClaimTypes.Name, name)];
        const string Scheme = CookieAuthenticationDefaults.AuthenticationScheme;
        await HttpContext.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme)));
        TempData["message"] = $"Welcome, {name}";
        return RedirectToAction("Index", "Home");
    }

    /// <summary>
    /// More rights without a new login: the session needs another id, and that is to be called.
    /// </summary>
    [HttpPost, Authorize]
    public async Task<IActionResult> Confirm()
    {
        await HttpContext.GetClusterSession().RotateIdAsync();
        HttpContext.Session.SetInt32("confirmed", 1);
        return RedirectToAction("Index", "Home");
    }

    /// <summary>Ends the login and the session, on every node.</summary>
    [HttpPost]
    public async Task<IActionResult> Logout()
    {
        await HttpContext.SignOutAsync();
        await HttpContext.GetClusterSession().DestroyAsync();
        return RedirectToAction("Index", "Home");
    }
}
